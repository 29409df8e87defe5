/** A reference with what it meant when it was resolved. */
export interface ImagePin {
  /** As the operator or the convention wrote it: `registry.example:8443/hello:v1`. */
  readonly reference: string;
  /** Of the manifest: `sha256:` and 64 hex digits. */
  readonly digest: string;
  /** Something the operator should know, such as that the registry could not be reached. */
  readonly note?: string;
}
