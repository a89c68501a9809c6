// Building elements. Text from outside only ever becomes a text node.
import { language, t } from "./i18n.js";

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  customer: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20a7.5 7.5 0 0 1 15 0",
  agent: "M4 14v-2a8 8 0 0 1 16 0v2M4 14a2 2 0 0 1 4 0v3a2 2 0 0 1-4 0zM20 14a2 2 0 0 0-4 0v3a2 2 0 0 0 4 0zM20 17c0 2.5-2.5 3.5-6 3.5",
  manager: "M4 20V4M4 20h16M8.5 16v-4M13 16V7M17.5 16v-6",
  send: "M12 19V5M6 11l6-6 6 6",
  clip: "M20 11.5l-8 8a5 5 0 0 1-7-7l8.500-8.500a3.300 3.300 0 0 1 4.700 4.700l-8.500 8.500a1.700 1.700 0 0 1-2.400-2.400l7.700-7.700",
  microphone: "M12 15a3 3 0 0 0 3-3V6.500a3 3 0 0 0-6 0V12a3 3 0 0 0 3 3zM6 11.500a6 6 0 0 0 12 0M12 17.500V21",
  close: "M6 6l12 12M18 6L6 18",
  pencil: "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
  tick: "M5 12.500l4.500 4.500L19 7.500",
  cross: "M7 7l10 10M17 7L7 17",
  lock: "M6 11h12v9H6zM9 11V8a3 3 0 0 1 6 0v3",
  eye: "M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM12 14.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5z",
  file: "M14 3H6v18h12V7zM14 3v4h4",
  back: "M15 5l-7 7 7 7",
  down: "M6 9.500l6 6 6-6",
  outward: "M5 12h13M13 6.500l5.500 5.500-5.500 5.500",
};

/** el("p", {class, text, t, on: {click}, …attributes}, ...children) */
export function el(tag, given = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") element.className = value;
    else if (name === "text") element.textContent = value;
    else if (name === "t") say(element, value, given.values);
    else if (name === "label") sayAs(element, "label", value);
    else if (name === "placeholderKey") sayAs(element, "placeholder", value);
    else if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (name !== "values") element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Gives an element a text that follows the language switch. */
export function say(element, key, values) {
  element.dataset.t = key;
  if (values) element.dataset.tValues = JSON.stringify(values);
  element.textContent = t(key, values);
}

export function sayAs(element, what, key) {
  element.dataset[`t${what[0].toUpperCase()}${what.slice(1)}`] = key;
  element.setAttribute(what === "label" ? "aria-label" : what, t(key));
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(shape("path", { d: ICONS[name] }));
  return svg;
}

export function shape(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

const LINK = /https?:\/\/[^\s<>"'\u3000-\u303f\uff00-\uffef]+/g;

/** A paragraph with safe links; line breaks are kept by its style. */
export function paragraph(text) {
  const element = el("p", { class: "text", dir: "auto" });
  let from = 0;
  for (const found of text.matchAll(LINK)) {
    const address = found[0].replace(/[.,;:!?)\]}]+$/, "");
    element.append(text.slice(from, found.index), link(address, address));
    from = found.index + address.length;
  }
  element.append(text.slice(from));
  return element;
}

/** A link that opens elsewhere and tells that page nothing; null when the address is not http(s). */
export function link(address, text, className = "") {
  if (!/^https?:\/\//i.test(address)) return null;
  return el("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow", class: className, text });
}

export const clock = (iso) =>
  new Date(iso).toLocaleTimeString(language() === "zh" ? "zh-CN" : "en-GB", { hour: "2-digit", minute: "2-digit" });

export function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

/** A UUID also where the page is not served over https. */
export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [8, 12, 16, 20].reduceRight((text, at) => `${text.slice(0, at)}-${text.slice(at)}`, hex);
}
