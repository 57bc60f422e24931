// How long a provider's tool may take: the server decides, and says it in the page's head.

/** Return the seconds that one call of a tool may take; 0 on pages that call none. */
export function toolDeadline() {
  return Number(document.querySelector('meta[name="tool-deadline"]')?.content) || 0;
}
