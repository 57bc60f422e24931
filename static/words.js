// The sentences that scripts say, in the reader's language. templates/base.html loads Django's
// catalogue of them (/words.js) before any module; without it they stay as they are written here.

const catalogue = globalThis.django;

/** Return a sentence in the reader's language. */
export function gettext(sentence) {
  return catalogue?.gettext?.(sentence) ?? sentence;
}

/** Return the one of two sentences that goes with a number, in the reader's language. */
export function ngettext(one, many, count) {
  return catalogue?.ngettext?.(one, many, count) ?? (count === 1 ? one : many);
}

/** Return a sentence with values in its gaps: interpolate("For %(name)s", { name }). */
export function interpolate(sentence, values) {
  return sentence.replace(/%\((\w+)\)s/g, (gap, name) => String(values[name] ?? gap));
}
