import type { ImagePin } from "@mcp/runtime";

/**
 * The reference and digest that a container was made from. Podman itself keeps only one of the image's names, and not
 * which of its digests (of an index, or of one platform's manifest in it) was asked for.
 */
export const imageLabel = "mcp.image";

export const imageLabelOf = ({ reference, digest }: ImagePin): string => `${reference}@${digest}`;

export interface ImageName {
  readonly imageReference: string;
  readonly imageDigest?: string;
}

/** @param shown  what podman calls the image, for containers that have no label. */
export function imageNameOf(label: string | undefined, shown: string): ImageName {
  const text = label ?? shown;
  const at = text.lastIndexOf("@sha256:");
  if (at < 0) return { imageReference: text };
  return { imageReference: label === undefined ? text : text.slice(0, at), imageDigest: text.slice(at + 1) };
}
