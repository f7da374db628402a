/** Workflows that schedules ask for again and again. Each is no run (`isRunType`): nobody asked, and it has no row. */
export const CHECKS: readonly string[] = ['checkHealth', 'checkIntegrity', 'scaleCluster'];
