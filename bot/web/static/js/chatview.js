// A conversation with its composer and the things to try: one pane, or one thread of the queue.
import { post } from "./api.js";
import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { el, uuid } from "./dom.js";
import { onLanguage, pick } from "./i18n.js";

export class ChatView {
  /** `threadId` and `sendPrefix` belong to the agent's threads: what is written there stays inside unless it is sent. */
  constructor({ pane, chatId, threadId = "", staff = false, insight = false, emptyKey, placeholderKey, tries = [], sendPrefix }) {
    Object.assign(this, { pane, threadId, sendPrefix, waiting: new Map(), outward: false });
    this.conversation = new Conversation({
      chatId,
      staff,
      insight,
      emptyKey,
      emptyIcon: pane,
      onPress: (press) => this.press(press),
      onEdit: (message) => this.composer.edit(message),
      onRetry: (id) => this.deliver(this.waiting.get(id)),
    });
    const prefixes = typeof sendPrefix === "object" ? Object.values(sendPrefix) : [sendPrefix].filter(Boolean);
    const prefixOf = (text) => (threadId ? prefixes.find((prefix) => text.trimStart().toLowerCase().startsWith(prefix.toLowerCase())) : undefined);
    this.conversation.isOutward = (text) => prefixOf(text) !== undefined;
    this.conversation.withoutPrefix = (text) => text.trimStart().slice(prefixOf(text)?.length ?? 0).trimStart();
    this.composer = new Composer({ placeholderKey, speaks: this.pane === "customer", onSend: (written) => this.send(written), onUp: () => this.conversation.lastOwn() });
    this.tries = el("div", { class: "tries", role: "group", label: "try_label" });
    this.root = el("div", { class: "chat" }, this.conversation.root, this.tries, this.composer.root);
    if (threadId && sendPrefix) this.addMode();
    this.offer(tries);
    onLanguage(() => this.offer(tries));
  }

  offer(tries) {
    this.tries.hidden = tries.length === 0;
    this.tries.replaceChildren(
      ...tries.map((text) => el("button", { type: "button", class: "try", text: pick(text), title: pick(text), dir: "auto", on: { click: () => this.send({ text: pick(text), files: [] }) } })),
    );
  }

  /** Internal note or to the customer: the safe one is chosen until the agent says otherwise. */
  addMode() {
    const button = (key, outward) => el("button", { type: "button", t: key, class: outward ? "outward" : "", on: { click: () => this.setMode(outward) } });
    this.modes = [button("mode_note", false), button("mode_send", true)];
    this.composer.root.prepend(el("div", { class: "mode" }, el("div", { class: "switch", role: "group", label: "mode" }, ...this.modes)));
    this.setMode(false);
  }

  setMode(outward) {
    this.outward = outward;
    this.modes.forEach((button, place) => button.setAttribute("aria-pressed", String(Boolean(place) === outward)));
    this.composer.root.classList.toggle("inward", !outward);
    this.composer.placeholder(outward ? "placeholder_send" : "placeholder_note");
  }

  send({ text, files, editing }) {
    if (editing) {
      this.sendEdit(editing, text);
      return;
    }
    const prefixed = this.outward && !this.conversation.isOutward(text) ? `${pick(this.sendPrefix)} ${text}`.trim() : text;
    const message = { client_id: uuid(), kind: "text", text: prefixed, thread_id: this.threadId };
    const note = Boolean(this.threadId) && !/^\s*@(crm|rapport)\b/i.test(prefixed);
    const sent = { message, files, awaitReply: !note };
    this.waiting.set(message.client_id, sent);
    this.conversation.own({ id: message.client_id, text: prefixed, files, note, outward: this.conversation.isOutward(prefixed) });
    this.deliver(sent);
  }

  async deliver(sent) {
    const id = sent.message.client_id;
    try {
      await post(this.pane, sent.message, sent.files);
      this.waiting.delete(id);
      this.conversation.accepted(id, { awaitReply: sent.awaitReply });
    } catch (error) {
      this.conversation.rejected(id, error.fix ?? "");
    }
  }

  async sendEdit(message, text) {
    const before = message.text;
    if (text === before) return;
    this.conversation.edited({ target: message.id, text, revision: message.revision });
    const edit = { client_id: uuid(), kind: "edit", target: message.id, text, thread_id: this.threadId };
    try {
      await post(this.pane, edit);
    } catch (error) {
      this.conversation.edited({ target: message.id, text: before, revision: message.revision });
      this.composer.edit(message, text);
      this.composer.complain(`${error.message} ${error.fix ?? ""}`);
    }
  }

  press({ target, value, text }) {
    return post(this.pane, { client_id: uuid(), kind: "button", target, value, text, thread_id: this.threadId });
  }
}
