/**
 * An id for a request, that a retry of it carries too. It has to be new, and need not be hard to guess: who may ask the
 * agent at all may ask for anything. Node's UUIDs would load its cryptography, which takes 2 ms.
 */
export function newRequestId(): string {
  const random = () => Math.random().toString(36).slice(2, 12).padEnd(10, "0");
  return `${Date.now().toString(36)}-${random()}${random()}`;
}
