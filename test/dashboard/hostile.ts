import fc from 'fast-check';

/** What somebody would put into a field to get out of it. */
export const HOSTILE: readonly string[] = [
  '<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', '\' onfocus=\'alert(1)', '" autofocus onfocus="alert(1)', '</textarea><b>', '</title><svg onload=alert(1)>',
  '{{7}}', '{{{shell.csrf}}}', '&lt;b&gt;', 'javascript:alert(1)', '-->', ']]>', '\u202e<u>', '<a href="//evil.example">',
];

/** One of them, somewhere in other text. */
export const hostile = fc.oneof(
  fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary' }), fc.tuple(fc.string(), fc.constantFrom(...HOSTILE), fc.string()).map((parts) => parts.join('')),
).filter((text) => text.trim() !== '');
