// What was understood of a message, and its path through the application.
import { correct, getJson } from "./api.js";
import { el, icon, say, shape } from "./dom.js";
import { language, t } from "./i18n.js";

const LATER = [250, 900, 2500, 6000];

/** Names of intents and moods in both languages; without them nothing can be corrected. */
let meanings = null;
export const offerMeanings = (menu) => (meanings = menu ?? null);

/** The row under one message. `refresh` fetches the trace again, a few times while nothing is understood yet. */
export class Insight {
  constructor(chatId, messageId) {
    this.address = `/api/trace/${encodeURIComponent(chatId)}/${encodeURIComponent(messageId)}`;
    this.corrections = `/api/corrections/${encodeURIComponent(chatId)}/${encodeURIComponent(messageId)}`;
    this.messageId = messageId;
    this.root = el("div", { class: "insight", hidden: true });
    this.row = el("button", { type: "button", "aria-expanded": "false", on: { click: () => this.toggle() } });
    this.root.append(this.row);
    this.known = false;
    this.asking = false;
  }

  async refresh(attempt = 0) {
    if (this.asking) return;
    this.asking = true;
    const trace = await getJson(this.address).catch(() => null);
    this.asking = false;
    if (trace?.understood) this.show(trace);
    const settled = trace?.understood && (trace.delivered || trace.answered);
    if (!settled && attempt < LATER.length) setTimeout(() => this.refresh(attempt + 1), LATER[attempt]);
  }

  show(trace) {
    this.known = true;
    this.trace = trace;
    const { understood } = trace;
    this.row.replaceChildren(
      el("span", { class: "hidden-text", t: "understood" }),
      el("span", { class: "intent", text: understood.intent }),
      sureness(understood.confidence),
      ...(understood.entities ?? []).slice(0, 4).map(entityChip),
      face(understood),
      icon("down"),
    );
    this.root.hidden = false;
    this.offerCorrection();
    if (this.details) this.renderDetails();
  }

  /** Beside the row: "not what was meant", a menu with the other readings first; or what was said it meant. */
  offerCorrection() {
    if (!meanings || this.trace.understood.sentiment === null) return; // only what customers wrote is corrected
    const control = correctionControl(this.trace, (label) => this.correct(label));
    if (this.control) this.control.replaceWith(control);
    else this.row.after(control);
    this.control = control;
  }

  async correct(label) {
    try {
      await correct(this.corrections, label);
      this.refresh(LATER.length);
    } catch (error) {
      this.control.replaceChildren(el("span", { role: "alert", text: `${error.message} ${error.fix ?? ""}` }));
    }
  }

  toggle() {
    if (this.details) {
      this.details.remove();
      this.details = null;
    } else {
      this.renderDetails();
      getJson(this.address).then((trace) => trace.understood && this.details && this.show(trace)).catch(() => {});
    }
    this.row.setAttribute("aria-expanded", String(Boolean(this.details)));
    this.root.classList.toggle("open", Boolean(this.details));
  }

  renderDetails() {
    const fresh = details(this.trace, this.messageId);
    if (this.details) this.details.replaceWith(fresh);
    else this.root.append(fresh);
    const opened = !this.details;
    this.details = fresh;
    if (opened) requestAnimationFrame(() => fresh.scrollIntoView({ block: "nearest" }));
  }
}

const percent = (share) => Math.round(share * 100);

function gauge(share) {
  const fill = el("i");
  fill.style.width = `${percent(share)}%`;
  return el("span", { class: share < 0.5 ? "gauge low" : "gauge", "aria-hidden": "true" }, fill);
}

function sureness(confidence) {
  const spelled = el("span", { class: "hidden-text", t: "sure", values: { percent: percent(confidence) } });
  return el("span", { class: "sure" }, gauge(confidence), el("span", { text: `${percent(confidence)}%`, "aria-hidden": "true" }), spelled);
}

const shownValue = (value) => (value !== null && typeof value === "object" ? JSON.stringify(value) : String(value));

function entityChip(entity) {
  return el("span", { class: "entity" }, el("b", { text: `${entity.name} ` }), shownValue(entity.text || entity.value).slice(0, 40));
}

/** A face for the mood; sentiment is -1 … 1 (or the same in thousandths). */
function face(understood) {
  if (understood.sentiment === null) return document.createDocumentFragment(); // staff's moods are nobody's business
  const raw = Number(understood.sentiment ?? 0);
  const mood = Math.abs(raw) > 1 ? raw / 1000 : raw;
  const kind = mood > 0.2 ? "happy" : mood < -0.2 ? "unhappy" : "even";
  const svg = shape("svg", { viewBox: "0 0 20 20", class: `face ${kind}`, "aria-hidden": "true" });
  const bend = Math.max(-1, Math.min(1, mood)) * 4;
  svg.append(
    shape("circle", { cx: 10, cy: 10, r: 8 }),
    shape("path", { d: `M6 ${13 - bend / 2} Q10 ${13 + bend} 14 ${13 - bend / 2}` }),
    shape("path", { d: "M7.300 7.500v.6M12.700 7.500v.6" }),
  );
  const spelled = el("span", { class: "hidden-text", t: "mood", values: { value: mood.toFixed(2) } });
  const title = `${t(kind)} ${mood >= 0 ? "+" : "−"}${Math.abs(mood).toFixed(2)}${understood.strong ? ` · ${t("strong")}` : ""}`;
  return el("span", { class: "spelled", title }, svg, spelled);
}

function details(trace, messageId) {
  const { understood } = trace;
  const parts = [section("path", pathList(trace))];
  const readings = [[understood.intent, understood.confidence], ...(understood.alternatives ?? []).filter(([name]) => name !== understood.intent)];
  const bars = el("div", { class: "bars" });
  for (const [name, share] of readings.slice(0, 4)) bars.append(el("code", { text: name }), gauge(share), el("span", { text: `${percent(share)}%` }));
  parts.push(section("understood", bars));
  if (understood.entities?.length) {
    const found = el("dl", { class: "found" });
    for (const entity of understood.entities) found.append(el("dt", { text: entity.name }), el("dd", { text: shownValue(entity.value), dir: "auto" }));
    parts.push(section("entities", found));
  }
  const tongue = el("span", { t: understood.mixed ? "mixed" : understood.language === "zh" ? "chinese" : "english" });
  parts.push(section("said_in", tongue), el("p", { class: "id", t: "message_id", values: { id: messageId } }));
  return el("div", { class: "trace" }, ...parts);
}

const section = (key, content) => el("section", {}, el("h5", { t: key }), content);

/** Received, stored, understood … with the time that passed since the message came in. */
function pathList(trace) {
  const begin = trace.received ? Date.parse(trace.received) : 0;
  const list = el("ol", { class: "path" });
  const add = (label, at, detail = "", bad = false) => {
    const since = at && begin ? `+${duration(Date.parse(at) - begin)}` : "";
    const words = el("span", {}, label, detail ? el("small", { text: detail, dir: "auto" }) : null);
    const time = el("time");
    if (at) time.textContent = since;
    else say(time, "not_yet");
    list.append(el("li", { class: bad ? "bad" : at ? null : "open" }, words, time));
  };
  const named = (key) => el("span", { t: key });
  if (trace.steps?.length) {
    const names = { received: "received", stored: "stored", understood: "understood_step", answered: "answered", delivered: "delivered_step" };
    for (const step of trace.steps) add(names[step.step] ? named(names[step.step]) : el("span", { text: step.step }), step.at, step.detail ?? "", /fail|error/.test(step.step));
  } else {
    add(named("received"), trace.received);
    add(named("stored"), trace.stored);
    add(named("answered"), trace.answered);
    add(named("delivered_step"), trace.delivered);
  }
  for (const sent of trace.outbox ?? []) {
    if (sent.error) add(el("span", { text: `${sent.state} · ${t("attempts", { count: sent.attempts })}` }), sent.sent_at, sent.error, true);
  }
  return list;
}

function duration(milliseconds) {
  if (milliseconds < 1000) return `${Math.max(0, Math.round(milliseconds))} ms`;
  return milliseconds < 60000 ? `${(milliseconds / 1000).toFixed(1)} s` : `${Math.round(milliseconds / 60000)} min`;
}

const nameOf = (label) => [...meanings.intents, ...meanings.moods].find(({ name }) => name === label)?.[language()] ?? label;

function correctionControl(trace, choose) {
  const said = Object.values(trace.corrected ?? {});
  if (said.length) {
    const undo = el("button", { type: "button", t: "take_back", on: { click: () => choose("") } });
    return el("span", { class: "correction" }, el("span", { t: "was_meant", values: { meaning: said.map(nameOf).join(" · ") } }), undo);
  }
  const { understood } = trace;
  const first = (understood.alternatives ?? []).map(([name]) => name);
  const place = ({ name }) => (first.includes(name) ? first.indexOf(name) : first.length);
  const intents = meanings.intents.filter(({ name }) => name !== understood.intent).sort((one, other) => place(one) - place(other));
  const option = ({ name }) => el("option", { value: name, text: nameOf(name) });
  const group = (key, labels) => Object.assign(el("optgroup", {}, ...labels.map(option)), { label: t(key) });
  const menu = el(
    "select",
    { label: "not_meant", on: { change: () => menu.value && choose(menu.value) } },
    el("option", { value: "", t: "not_meant" }),
    group("other_intents", intents),
    group("moods", meanings.moods),
  );
  return el("span", { class: "correction" }, menu);
}
