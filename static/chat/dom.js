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

const TONES = { accent: "accent", danger: "danger", destructive: "danger", quiet: "quiet" };

/** Return a row of buttons, or null where there are none; `onPress(button)` hears of them. */
export function buttonRow(buttons, onPress, describedBy = null) {
  if (!buttons.length) return null;
  return el(
    "div",
    { class: "buttons" },
    ...buttons.map((button) => {
      const tone = Object.hasOwn(TONES, button.variant ?? "") ? TONES[button.variant] : "";
      const element = el("button", {
        type: "button",
        class: `button ${tone}`.trim(),
        text: button.label,
        "aria-describedby": describedBy,
      });
      element.addEventListener("click", () => onPress(button));
      return element;
    }),
  );
}

/** Return a name like `ski_club` as words: "Ski club". */
export function asWords(name) {
  const words = name.replace(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
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
