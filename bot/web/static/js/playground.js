// The playground: three panes on the sample business, over one stream of events.
import { follow, getJson, session } from "./api.js";
import { ChatView } from "./chatview.js";
import { el, icon, say } from "./dom.js";
import { offerMeanings } from "./insight.js";
import { onLanguage, pick, startLanguage } from "./i18n.js";
import { Queue } from "./queue.js";

const PANES = ["customer", "agent", "manager"];

class Pane {
  constructor(name, view) {
    this.name = name;
    this.view = view;
    this.root = el(
      "section",
      { class: `pane pane-${name}`, id: `pane-${name}`, "aria-labelledby": `title-${name}` },
      el(
        "header",
        { class: "pane-head" },
        el("span", { class: "who", "aria-hidden": "true" }, icon(name)),
        el("div", { class: "titles" }, el("h2", { id: `title-${name}`, t: name }), el("p", { t: `${name}_about` })),
      ),
      view.root,
    );
    this.dot = el("span", { class: "dot", hidden: true }, el("span", { class: "hidden-text", t: "unread" }));
    this.tab = el("button", { type: "button", class: "tab", role: "tab", "aria-controls": `pane-${name}` }, icon(name), el("span", { t: name }), this.dot);
  }

  get isVisible() {
    return this.root.offsetParent !== null;
  }

  /** Shows on the tab that something came while another pane was in front. */
  noteNews(event) {
    if (event.type === "message" && event.from === "bot" && !this.isVisible) this.dot.hidden = false;
  }
}

/** The agent's pane: the assistant and the queue behind two tabs. */
function withQueue(pane, queue) {
  const count = el("span", { class: "count", hidden: true });
  const tabs = [
    el("button", { type: "button", role: "tab", t: "assistant" }),
    el("button", { type: "button", role: "tab", id: "queue-tab" }, el("span", { t: "queue" }), count),
  ];
  const select = (place) => {
    tabs.forEach((tab, at) => tab.setAttribute("aria-selected", String(at === place)));
    pane.view.root.hidden = place === 1;
    queue.root.hidden = place === 0;
    (place === 0 ? pane.view : queue.open?.view)?.conversation.scroll(true);
    if (place === 1) queue.seen();
  };
  tabs.forEach((tab, place) => tab.addEventListener("click", () => select(place)));
  pane.root.querySelector(".pane-head").append(el("div", { class: "switch", role: "tablist", label: "agent" }, ...tabs));
  pane.root.append(queue.root);
  select(0);
  return {
    count(unread) {
      count.textContent = String(unread || queue.threads.size);
      count.classList.toggle("new", unread > 0);
      count.hidden = queue.threads.size === 0;
    },
    /** Opens a new thread by itself where this disturbs nobody: nothing typed, no other thread open. */
    reveal(id) {
      const busy = !pane.view.composer.isEmpty || queue.open || pane.root.contains(document.activeElement);
      if (busy) return;
      select(1);
      queue.show(id);
    },
  };
}

function showTabs(panes) {
  const show = (name) => {
    for (const pane of panes) {
      pane.root.classList.toggle("shown", pane.name === name);
      pane.tab.setAttribute("aria-selected", String(pane.name === name));
      if (pane.name === name) {
        pane.dot.hidden = true;
        pane.view.conversation.scroll(true);
      }
    }
  };
  for (const pane of panes) pane.tab.addEventListener("click", () => show(pane.name));
  document.getElementById("tabs").append(...panes.map((pane) => pane.tab));
  show("customer");
}

function addNote(pane, info) {
  const note = el("p", { class: "hint", dir: "auto" });
  const write = () => {
    note.textContent = pick(info.note);
    note.hidden = !note.textContent;
  };
  write();
  onLanguage(write);
  pane.view.conversation.flow.prepend(note);
}

function showBusiness(info, fallback) {
  const write = () => {
    const { name_en: en, name_zh: zh, name } = info.business ?? {};
    document.getElementById("business").textContent = pick({ en: en ?? name ?? fallback, zh: zh ?? name ?? en ?? fallback });
  };
  write();
  onLanguage(write);
}

function showState(state) {
  document.getElementById("live").classList.toggle("on", state === "live");
  say(document.getElementById("live-text"), state);
}

async function start() {
  startLanguage();
  const [{ chat_id: chatId, business }, info] = await Promise.all([session(), getJson("/api/playground")]);
  offerMeanings(info.meanings);
  const offer = info.try ?? {};
  const view = (name, chat, staff) =>
    new ChatView({ pane: name, chatId: chat, staff, insight: true, emptyKey: `${name}_empty`, placeholderKey: staff ? "placeholder_staff" : "placeholder_customer", tries: offer[name] ?? [] });
  const [customer, agent, manager] = [view("customer", chatId, false), view("agent", "agent", true), view("manager", "manager", true)].map((each, place) => new Pane(PANES[place], each));
  const queue = new Queue({ sendPrefix: info.send_prefix, onNews: (news) => tellQueue(news) });
  const switcher = withQueue(agent, queue);
  const tellQueue = ({ unread, fresh }) => {
    switcher.count(unread);
    if (fresh) switcher.reveal(fresh);
  };
  const panes = [customer, agent, manager];
  document.getElementById("panes").append(...panes.map((pane) => pane.root));
  showTabs(panes);
  addNote(customer, info);
  showBusiness(info, business);

  const byChat = { [chatId]: customer, agent, manager };
  let live = false;
  const onEvent = (event) => {
    if (event.type === "ready") {
      live = true;
      for (const pane of panes) pane.view.conversation.ready();
      queue.ready();
      switcher.count(0);
    } else if (event.chat_id === "queue") {
      queue.handle(event);
      if (live) agent.noteNews(event);
    } else {
      byChat[event.chat_id]?.view.conversation.handle(event);
      if (live) byChat[event.chat_id]?.noteNews(event);
    }
  };
  follow("all", { onEvent, onState: showState });
}

start().catch((error) => {
  document.getElementById("panes").replaceChildren(el("p", { class: "notice", role: "alert", text: `${error.message} ${error.fix ?? ""}` }));
});
