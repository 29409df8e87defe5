/** How many characters a terminal has; the usual ones where it does not say, or says 0, as under `script` or in a container. */
export const sizeOf = ({ rows, columns }: { readonly rows?: number; readonly columns?: number }) => ({
  rows: rows || 24,
  columns: columns || 80,
});
