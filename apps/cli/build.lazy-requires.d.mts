export function requireLazily(source: string): string;
