// The agent's queue: a list of hand-over threads, and one of them open.
import { getJson } from "./api.js";
import { ChatView } from "./chatview.js";
import { clock, el, icon, say } from "./dom.js";

const STATES = ["waiting", "person", "snoozed", "resolved", "bot"];

export class Queue {
  /** `onNews({unread, fresh})` whenever the number of unread threads changes; `fresh` for a thread just opened. */
  constructor({ sendPrefix, onNews }) {
    Object.assign(this, { sendPrefix, onNews });
    this.threads = new Map();
    this.live = false;
    this.open = null;
    this.list = el("div", { class: "threads" });
    this.empty = el("div", { class: "empty" }, icon("agent"), el("p", { t: "queue_empty" }));
    this.root = el("div", { class: "view", hidden: true }, this.list);
    this.draw();
  }

  ready() {
    this.live = true;
    for (const thread of this.threads.values()) thread.view.conversation.ready();
    this.askStates();
  }

  handle(event) {
    if (event.type === "thread") {
      this.setState(this.threads.get(event.thread_id), event.state);
      return;
    }
    if (!event.thread_id) return;
    const known = this.threads.has(event.thread_id);
    const thread = this.thread(event);
    thread.view.conversation.handle(event);
    if (event.type === "message") this.noteNews(thread, event, !known);
    this.askStates();
    this.draw();
  }

  thread(event) {
    const id = event.thread_id;
    if (!this.threads.has(id)) {
      const view = new ChatView({ pane: "agent", chatId: "queue", threadId: id, staff: true, insight: true, emptyKey: "queue_empty", placeholderKey: "placeholder_note", sendPrefix: this.sendPrefix });
      if (this.live) view.conversation.ready();
      this.threads.set(id, { id, view, title: titleOf(event), last: "", at: event.at, unread: false, state: "" });
    }
    return this.threads.get(id);
  }

  noteNews(thread, event, fresh) {
    thread.last = event.text || event.reply?.text || event.reply?.cards[0]?.title || thread.last;
    thread.at = event.at;
    if (!thread.title) thread.title = titleOf(event);
    const seen = this.open === thread && !this.root.hidden && document.hasFocus();
    if (this.live && event.from === "bot" && !seen) thread.unread = true;
    if (this.live) this.onNews({ unread: this.unread, fresh: fresh ? thread.id : "" });
  }

  get unread() {
    return [...this.threads.values()].filter((thread) => thread.unread).length;
  }

  /** Asks for the states a moment after things happened, once for many events. */
  askStates() {
    clearTimeout(this.asking);
    if (!this.live) return;
    this.asking = setTimeout(async () => {
      const { states } = await getJson("/api/queue").catch(() => ({ states: {} }));
      for (const [id, state] of Object.entries(states)) this.setState(this.threads.get(id), state);
    }, 350);
  }

  setState(thread, state) {
    if (!thread || !STATES.includes(state) || thread.state === state) return;
    if (thread.state) thread.view.conversation.reopenChoices();
    thread.state = state;
    this.draw();
  }

  show(id) {
    this.open = this.threads.get(id) ?? null;
    if (this.open) {
      this.open.unread = false;
      this.onNews({ unread: this.unread, fresh: "" });
    }
    this.draw();
    this.open?.view.conversation.scroll(true);
  }

  /** The pane came into view: what is open counts as read. */
  seen() {
    if (this.open?.unread) this.show(this.open.id);
  }

  draw() {
    if (this.open) {
      this.drawOpen();
      return;
    }
    const order = [...this.threads.values()].sort((one, other) => rank(one) - rank(other) || Date.parse(other.at) - Date.parse(one.at));
    const rows = order.map((thread) => this.row(thread));
    this.list.replaceChildren(...(rows.length ? rows : [this.empty]));
    this.root.replaceChildren(this.list);
  }

  row(thread) {
    const dot = el("span", { class: thread.unread ? "dot" : "dot seen" }, thread.unread ? el("span", { class: "hidden-text", t: "unread" }) : null);
    const title = el("strong", { dir: "auto" });
    if (thread.title) title.textContent = thread.title;
    else say(title, "thread_title");
    return el(
      "button",
      { type: "button", class: "thread", "data-thread": thread.id, on: { click: () => this.show(thread.id) } },
      dot,
      title,
      badge(thread.state) ?? el("span"),
      el("span", { class: "last", text: thread.last.replace(/\s+/g, " ").slice(0, 120), dir: "auto" }),
      el("time", { datetime: thread.at, text: clock(thread.at) }),
    );
  }

  drawOpen() {
    const { open } = this;
    const back = el("button", { type: "button", class: "icon-button", label: "back", on: { click: () => this.show("") } }, icon("back"));
    const head = el("div", { class: "thread-head" }, back, el("strong", { text: open.title, dir: "auto" }), badge(open.state));
    if (open.view.root.parentElement === this.root) this.root.firstElementChild.replaceWith(head);
    else this.root.replaceChildren(head, open.view.root);
  }
}

const rank = (thread) => (thread.state === "resolved" ? 1 : 0);
const badge = (state) => (state ? el("span", { class: `state ${state}`, t: state }) : null);

function titleOf(event) {
  const card = event.reply?.cards?.[0]?.title;
  const line = (event.reply?.text ?? "").split("\n").find((each) => each.trim());
  return (card || line || "").slice(0, 90);
}
