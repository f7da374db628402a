/** What no proxy is ever asked for, as NO_PROXY says it: the parts of a local platform talk to each other over it. */
export const LOOPBACK: readonly string[] = ['127.0.0.1', 'localhost', '::1', '.localhost'];
