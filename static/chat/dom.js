// Building elements. Text only ever enters the page as text: everything from the API is hostile.

/** Return a new element; `text` becomes its text, other properties attributes. */
export function el(tag, { text, ...attributes } = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, String(value));
  }
  if (text != null) element.textContent = String(text);
  element.append(...children.filter((child) => child != null));
  return element;
}

let count = 0;

/** Return an id that no other element of this page has. */
export function freshId(prefix) {
  count += 1;
  return `${prefix}-${count}`;
}

/** Let everything that can be pressed or filled in below an element work, or not. */
export function setEnabled(root, enabled) {
  for (const control of root.querySelectorAll("button, input, select, textarea")) {
    control.disabled = !enabled;
  }
}

/** Return the address if it is an absolute http(s) one, else null. */
export function webAddress(value) {
  if (typeof value !== "string" || !/^https?:\/\//i.test(value)) return null;
  try {
    return new URL(value).href;
  } catch {
    return null;
  }
}
