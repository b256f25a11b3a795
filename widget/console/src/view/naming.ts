/** What the customer is called. Above: queue, conversation. Below: nothing. */

/** A number of a platform or of the house (`telegram:7`, `ct_…`) only for who has no name. */
export function callOf(contact: string | null | undefined, name: string | null | undefined): string | null {
  if (contact && !/^ct_|:/u.test(contact)) return contact;
  return name || contact || null;
}
