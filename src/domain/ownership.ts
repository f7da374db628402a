/** Where a person puts the proof that a hostname is theirs: `_reeve.www.example.org TXT "<proof>"`. */
export function proofName(hostname: string): string {
  return `_reeve.${hostname}`;
}
