const names = {
  "#dc2626": "red", "#ea580c": "orange", "#d97706": "amber", "#ca8a04": "yellow", "#65a30d": "lime", "#16a34a": "green",
  "#059669": "emerald", "#0d9488": "teal", "#0891b2": "cyan", "#0284c7": "sky", "#2563eb": "blue", "#4f46e5": "indigo",
  "#7c3aed": "violet", "#9333ea": "purple", "#c026d3": "fuchsia", "#db2777": "pink", "#e11d48": "rose", "#57534e": "stone",
};

// colorName returns the name of a palette colour, for screen readers.
export const colorName = (color) => names[color] ?? color;

// textOn returns black or white, whichever has more contrast on a colour: always 4.5:1 or more
// (WCAG 2.2, relative luminance).
export function textOn(color) {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const c = parseInt(color.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 ? "#ffffff" : "#000000";
}

// paint sets the colour of an element through the style object, which a strict
// Content-Security-Policy allows, unlike a style attribute in HTML.
export function paint(element, color, text = textOn(color)) {
  element.style.setProperty("--color", color);
  element.style.setProperty("--on-color", text);
  return element;
}
