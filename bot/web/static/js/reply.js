// Everything a reply can hold, as elements.
import { el, icon, link, paragraph, size } from "./dom.js";

const FIGURE = /^[+\-−–]?\s?[¥$€£]?\s?[+\-−]?[\d.,\s]+\s?(%|pp|CNY|USD|EUR|GBP|元|天|d|h|min|s)?$/;

/** The parts of a reply in the order in which they are read. `press(choice, button, group)` is called for buttons. */
export function replyParts(reply, press) {
  const parts = [];
  if (reply.text) parts.push(paragraph(reply.text));
  for (const card of reply.cards) parts.push(cardPart(card, press));
  if (reply.table) parts.push(...tableParts(reply.table));
  for (const file of reply.files) parts.push(attached(file));
  if (reply.choices.length) parts.push(choicesPart(reply.choices, press));
  return parts;
}

export const isWide = (reply) => Boolean(reply.table || reply.cards.length || reply.files.some((file) => file.image));

function cardPart(card, press) {
  const facts = el("dl", { class: "facts" });
  for (const [name, value] of card.facts) facts.append(el("dt", { text: name, dir: "auto" }), el("dd", { text: value, dir: "auto" }));
  return el(
    "section",
    { class: "card" },
    el("header", {}, el("h4", { text: card.title, dir: "auto" }), card.subtitle && el("p", { class: "subtitle", text: card.subtitle, dir: "auto" })),
    card.facts.length ? facts : null,
    card.choices.length ? choicesPart(card.choices, press) : null,
  );
}

/** Columns up to which a table is to be seen whole: its cells rather break than run out of the pane. */
const FEW = 4;
/** Characters from which a cell breaks into lines instead of widening its table. */
const LONG = 26;

function tableParts(table) {
  const figures = table.columns.map((_, place) => {
    const cells = table.rows.map((row) => row[place] ?? "").filter((cell) => cell !== "");
    return cells.length > 0 && cells.every((cell) => FIGURE.test(cell));
  });
  const cell = (tag, text, place) => el(tag, { text, class: figures[place] ? "figure" : text.length > LONG ? "words long" : /\d/.test(text) ? null : "words", scope: tag === "th" ? "col" : null });
  const body = table.rows.map((row) => el("tr", {}, ...table.columns.map((_, place) => cell("td", row[place] ?? "", place))));
  const parts = [
    el(
      "div",
      { class: table.columns.length > FEW ? "table" : "table few", role: "region", tabindex: "0", label: "table" },
      el("table", {}, el("thead", {}, el("tr", {}, ...table.columns.map((name, place) => cell("th", name, place)))), el("tbody", {}, ...body)),
    ),
  ];
  if (table.note) parts.push(el("p", { class: "table-note", text: table.note, dir: "auto" }));
  return parts;
}

function choicesPart(choices, press) {
  const group = el("div", { class: "choices", role: "group" });
  for (const choice of choices) {
    const outside = choice.link ? link(choice.link, choice.label, "choice") : null;
    if (outside) {
      group.append(outside);
      continue;
    }
    const button = el("button", { type: "button", class: `choice ${choice.style}`, "data-value": choice.value, text: choice.label });
    button.addEventListener("click", () => press(choice, button, group));
    group.append(button);
  }
  return group;
}

/** Shows that a button was pressed; `whole` closes its group (a question has one answer, a card's actions have not). */
export function showPressed(button, group, whole) {
  for (const each of whole ? group.querySelectorAll("button") : [button]) each.disabled = true;
  button.classList.add("pressed");
  if (!button.querySelector(".icon")) button.prepend(icon("tick"));
}

export function reopen(root) {
  for (const button of root.querySelectorAll("button.choice")) {
    button.disabled = false;
    button.classList.remove("pressed");
    button.querySelector(".icon")?.remove();
  }
}

function picture({ url, name, caption }) {
  const image = el("img", { src: url, alt: caption || name });
  const figure = el("figure", { class: "picture" }, el("a", { href: url, target: "_blank", rel: "noopener" }, image));
  if (caption) figure.append(el("figcaption", { text: caption, dir: "auto" }));
  image.addEventListener("error", () => figure.replaceWith(goneFile(name)));
  return figure;
}

/* A recording is played in its place; what the browser cannot play is offered to be saved. */
function recording(file) {
  const player = el("audio", { controls: "", preload: "none", src: file.url, "aria-label": file.name });
  player.addEventListener("error", () => player.replaceWith(fileLink(file)));
  return player;
}

export function attached(file) {
  if (file.media_type?.startsWith("image/")) return picture(file);
  return file.media_type?.startsWith("audio/") ? recording(file) : fileLink(file);
}

function fileLink({ url, name, caption, size: bytes }) {
  const shown = [icon("file"), el("span", { text: caption || name, dir: "auto" })];
  if (bytes) shown.push(el("small", { text: size(bytes) }));
  return el("a", { class: "file", href: url, download: name }, ...shown);
}

const goneFile = (name) => el("span", { class: "file" }, icon("file"), el("span", { t: "file_gone", values: { name } }));
