// The log of one conversation: own messages, replies, marks, edits, presses, and what was understood.
import { clock, el, icon, paragraph, say } from "./dom.js";
import { Insight } from "./insight.js";
import { attached, isWide, reopen, replyParts, showPressed } from "./reply.js";

const TYPING_MILLISECONDS = 12000;
const NEAR_END = 120;

export class Conversation {
  /** `staff`: buttons stay open beside the pressed one. `insight`: show what was understood. */
  constructor({ chatId, staff = false, insight = false, emptyKey, emptyIcon, onPress, onEdit, onRetry }) {
    Object.assign(this, { chatId, staff, insight, onPress, onEdit, onRetry });
    this.messages = new Map();
    this.marks = new Map();
    this.live = false;
    this.empty = el("div", { class: "empty" }, icon(emptyIcon), el("p", { t: emptyKey }));
    this.flow = el("div", { class: "flow" }, this.empty);
    this.root = el("div", { class: "log", role: "log", tabindex: "0", label: "log", "aria-live": "off", on: { scroll: () => this.noteScroll() } }, this.flow);
    this.following = true;
    new ResizeObserver(() => this.following && this.settle()).observe(this.flow);
    this.typing = el("div", { class: "typing", role: "status" }, el("span", { class: "hidden-text", t: "typing" }), el("i"), el("i"), el("i"));
  }

  /** What was kept has all arrived: from here on messages are news. */
  ready() {
    if (this.live) return;
    this.live = true;
    this.root.setAttribute("aria-live", "polite");
    this.scroll(true);
    for (const message of [...this.messages.values()].filter((each) => each.insight).slice(-8)) message.insight.refresh();
  }

  handle(event) {
    if (event.type === "message") event.from === "you" ? this.echoed(event) : this.replied(event);
    else if (event.type === "edited") this.edited(event);
    else if (event.type === "replaced") this.replaced(event);
    else if (event.type === "mark") this.marked(event);
    else if (event.type === "pressed") this.pressed(event);
    else if (event.type === "typing") this.showTyping(event.on);
    else if (event.type === "trace") this.messages.get(event.message_id)?.insight?.refresh();
  }

  // Own messages

  /** Shows a message at once, before the server has it. */
  own({ id, text, files = [], note = false, outward = false }) {
    const attachments = files.map((file) => ({ name: file.name, size: file.size, media_type: file.type, url: URL.createObjectURL(file) }));
    const message = this.addOwn({ id, text, attachments, at: new Date().toISOString(), note, outward });
    message.root.classList.add("sending");
    this.writeMeta(message);
    this.scroll(true);
    return message;
  }

  accepted(id, { awaitReply }) {
    const message = this.messages.get(id);
    message?.root.classList.remove("sending", "rejected");
    if (message) this.writeMeta(message);
    if (awaitReply && !message?.answered) this.showTyping(true);
    message?.insight?.refresh();
  }

  rejected(id, problem) {
    const message = this.messages.get(id);
    if (!message) return;
    message.root.classList.remove("sending");
    message.root.classList.add("rejected");
    message.problem = problem;
    this.writeMeta(message);
  }

  echoed(event) {
    const known = this.messages.get(event.id);
    if (known) {
      known.root.classList.remove("sending", "rejected");
      this.writeMeta(known);
      return;
    }
    const message = this.addOwn({ ...event, note: !event.addressed, outward: this.isOutward?.(event.text) });
    this.writeMeta(message);
    if (this.live) message.insight?.refresh();
  }

  addOwn({ id, text, attachments = [], at, note, outward }) {
    const root = el("article", { class: "message own", "data-id": id });
    const message = { id, root, at, text, own: true, note: note && !outward, outward, bubble: el("div", { class: "bubble" }), meta: el("div", { class: "meta" }) };
    root.classList.toggle("note", Boolean(message.note));
    root.append(message.bubble, message.meta);
    if (this.insight && !note) {
      message.insight = new Insight(this.chatId, id);
      root.append(message.insight.root);
    }
    message.attachments = attachments;
    this.fillOwn(message);
    this.insert(message);
    const early = this.marks.get(id);
    if (early) this.marked(early);
    return message;
  }

  fillOwn(message) {
    const parts = [];
    if (message.note) parts.push(el("span", { class: "tag" }, icon("lock"), el("span", { t: "internal" })));
    if (message.outward) parts.push(el("span", { class: "tag" }, icon("outward"), el("span", { t: "to_customer" })));
    for (const file of message.attachments) parts.push(attached(file));
    const shown = message.outward ? this.withoutPrefix(message.text) : message.text;
    if (shown) parts.push(paragraph(shown));
    message.bubble.replaceChildren(...parts);
  }

  edited({ target, text, revision = 0 }) {
    const message = this.messages.get(target);
    if (!message || (message.revision ?? 0) > revision) return;
    Object.assign(message, { text, revision, edited: true });
    this.fillOwn(message);
    this.writeMeta(message);
    if (message.insight && this.live) message.insight.refresh();
  }

  /** The line under a message: time, state, the edit button. */
  writeMeta(message) {
    const parts = [];
    if (message.edited) parts.push(el("span", { t: "edited" }));
    if (message.mark === "sent") parts.push(el("span", { class: "good" }, icon("tick"), el("span", { t: "delivered" })));
    if (message.mark === "failed") parts.push(el("span", { class: "bad" }, icon("cross"), el("span", { t: "failed" }), message.reason ? `· ${message.reason}` : ""));
    const time = el("time", { datetime: message.at, text: clock(message.at) });
    message.meta.replaceChildren(...(message.own ? [...this.ownMeta(message), time, ...parts] : [time, ...parts]));
  }

  ownMeta(message) {
    const classes = message.root.classList;
    if (classes.contains("sending")) return [el("span", { t: "sending" })];
    if (classes.contains("rejected")) {
      const retry = el("button", { type: "button", t: "retry", on: { click: () => this.onRetry(message.id) } });
      return [el("span", { class: "bad" }, icon("cross"), el("span", { t: "not_sent" }), message.problem ? ` ${message.problem}` : ""), retry];
    }
    const edit = el("button", { type: "button", class: "edit", label: "edit", on: { click: () => this.onEdit(message) } }, icon("pencil"));
    return message.text && this.onEdit ? [edit] : [];
  }

  // Replies

  replied(event) {
    if (this.messages.has(event.id)) return this.replaced(event);
    const root = el("article", { class: "message", "data-id": event.id });
    const message = { id: event.id, root, at: event.at, bubble: el("div", { class: "bubble" }), meta: el("div", { class: "meta" }), ephemeral: event.ephemeral };
    root.append(message.bubble, message.meta);
    root.classList.toggle("ephemeral", Boolean(event.ephemeral));
    this.fillReply(message, event);
    this.showTyping(false);
    this.insert(message);
    const early = this.marks.get(event.id);
    if (early) this.marked(early);
    if (!this.live) return undefined;
    this.scroll(false);
    for (const each of [...this.messages.values()].slice(-6)) {
      if (each.own) each.answered = true;
      if (each.insight && !each.insight.known) each.insight.refresh();
    }
    return undefined;
  }

  fillReply(message, event) {
    const { reply } = event;
    message.text = reply.text;
    message.root.lang = event.language === "zh" ? "zh-Hans" : (event.language ?? "");
    message.root.classList.toggle("wide", isWide(reply));
    const parts = replyParts(reply, (choice, button, group) => this.press(message, choice, button, group));
    if (message.ephemeral) parts.unshift(el("span", { class: "tag" }, icon("eye"), el("span", { t: "only_you" })));
    message.bubble.replaceChildren(...parts);
    this.writeMeta(message);
  }

  replaced(event) {
    const message = this.messages.get(event.id);
    if (!message) {
      this.replied(event);
      return;
    }
    message.edited = event.type === "replaced";
    this.showTyping(false);
    this.fillReply(message, event);
  }

  marked(event) {
    const message = this.messages.get(event.target);
    this.marks.set(event.target, event);
    this.showTyping(false);
    if (!message) return;
    Object.assign(message, { mark: event.mark, reason: event.reason });
    message.root.classList.toggle("failed", event.mark === "failed");
    if (event.mark === "sent" && message.note) {
      Object.assign(message, { note: false, outward: true });
      message.root.classList.remove("note");
      this.fillOwn(message);
    }
    this.writeMeta(message);
  }

  async press(message, choice, button, group) {
    showPressed(button, group, !this.staff);
    this.showTyping(true);
    this.scroll(false);
    try {
      await this.onPress({ target: message.id, value: choice.value, text: choice.label });
    } catch {
      reopen(group);
      this.showTyping(false);
    }
  }

  pressed({ target, value }) {
    const root = this.messages.get(target)?.root;
    const button = [...(root?.querySelectorAll("button.choice") ?? [])].find((each) => each.dataset.value === value);
    if (button) showPressed(button, button.parentElement, !this.staff);
  }

  reopenChoices() {
    reopen(this.root);
  }

  // The log itself

  insert(message) {
    this.empty.remove();
    this.messages.set(message.id, message);
    message.root.classList.toggle("fresh", this.live);
    let before = this.typing.isConnected ? this.typing : null;
    if (!this.live) {
      // an own message is stored before it is echoed, so that a quick reply may be numbered before it
      const later = [...this.messages.values()].filter((each) => each.root.isConnected && Date.parse(each.at) > Date.parse(message.at));
      const positions = new Set(later.map((each) => each.root));
      before = [...this.flow.children].find((child) => positions.has(child)) ?? before;
    }
    this.flow.insertBefore(message.root, before);
  }

  showTyping(on) {
    clearTimeout(this.typingEnds);
    if (!on) {
      this.typing.remove();
      return;
    }
    this.flow.append(this.typing);
    this.typingEnds = setTimeout(() => this.typing.remove(), TYPING_MILLISECONDS);
  }

  /** Follows what comes as long as the reader is at the end. */
  noteScroll() {
    if (performance.now() < this.settling) return;
    this.following = this.root.scrollHeight - this.root.scrollTop - this.root.clientHeight < NEAR_END;
  }

  scroll(always) {
    if (always) this.following = true;
    if (this.following) this.settle();
  }

  /** Goes to the end; to the beginning of a last message that is taller than the log. */
  settle() {
    const last = [...this.flow.children].findLast((child) => child.classList.contains("message"));
    const tall = last && last === this.flow.lastElementChild && last.offsetHeight > this.root.clientHeight - 24;
    this.settling = performance.now() + 120;
    this.root.scrollTop = tall ? last.offsetTop - 12 : this.root.scrollHeight;
  }

  /** The newest own message that can be edited. */
  lastOwn() {
    return [...this.messages.values()].filter((message) => message.own && message.text).at(-1);
  }

  withoutPrefix(text) {
    return text;
  }

  sayEmpty(key) {
    say(this.empty.querySelector("p"), key);
  }
}
