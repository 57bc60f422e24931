// Where the parent is: asked for when they press for it, rounded, and known to this page alone.

import { gettext } from "../words.js";

const ROUNDED = 100; // to a hundredth of a degree, about a kilometre
const PATIENCE = { timeout: 10_000, maximumAge: 600_000 };

/** Return `{show, get}` for a row with a button and words: when to offer it, and what it found. */
export function locationFinder(row) {
  const [button, words] = [row.querySelector("button"), row.querySelector("[role=status]")];
  let found = null;

  function say(sentence) {
    button.textContent = found ? gettext("Forget my location") : gettext("Use my location");
    words.textContent = sentence;
  }

  button.addEventListener("click", () => {
    if (found) {
      found = null;
      say("");
      return;
    }
    say(gettext("One moment …"));
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        found = { lat: round(coords.latitude), lng: round(coords.longitude) };
        say(gettext("I will look near you first."));
      },
      () => say(gettext("Your location is not available. A town in your message does as well.")),
      PATIENCE,
    );
  });

  return {
    show: (offered) => {
      row.hidden = !offered || !isSecureContext || !navigator.geolocation;
    },
    get: () => found,
  };
}

function round(degrees) {
  return Math.round(degrees * ROUNDED) / ROUNDED;
}
