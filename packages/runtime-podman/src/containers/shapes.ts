/** The parts of podman's JSON that are read, as versions 4.3 to 5.x send them. */
export interface ListedContainer {
  readonly Id: string;
  readonly Names: readonly string[];
  /** RFC 3339. */
  readonly Created: string;
  readonly Image: string;
  readonly Command?: readonly string[] | null;
  readonly Labels: Readonly<Record<string, string>> | null;
  /** `storage` for what is in podman's store and no container of its own. */
  readonly State: string;
  readonly Pid: number;
  readonly ExitCode: number;
  /** Seconds since the epoch; negative if never. */
  readonly StartedAt: number;
  readonly ExitedAt: number;
  readonly Ports: readonly ListedPort[] | null;
}

export interface ListedPort {
  readonly host_ip: string;
  readonly container_port: number;
  readonly host_port: number;
  /** How many ports in a row; 0 and 1 are one. */
  readonly range: number;
  /** Several with commas between. */
  readonly protocol: string;
}

export interface InspectedContainer {
  readonly Id: string;
  readonly Name: string;
  readonly ImageName: string;
  readonly Config: { readonly Labels: Readonly<Record<string, string>> | null };
  readonly State: {
    readonly Status: string;
    readonly Pid: number;
    /** Of its supervisor. */
    readonly ConmonPid?: number;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
    /** RFC 3339; of the year 1 if never. */
    readonly StartedAt: string;
    readonly FinishedAt: string;
  };
  readonly HostConfig: {
    readonly PortBindings: Readonly<
      Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[] | null>
    > | null;
    readonly LogConfig?: { readonly Type: string; readonly Path: string };
  };
  readonly NetworkSettings?: {
    readonly Networks?: Readonly<Record<string, { readonly IPAddress?: string }>> | null;
  };
}
