/** What a unix socket's path may have, in bytes: the kernel keeps 108, one of which ends it. */
export const longestSocketPath = 107;
