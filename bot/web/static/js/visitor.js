// The chat on its own page, or inside the frame that /chat.js opens on another site.
import { follow, session } from "./api.js";
import { ChatView } from "./chatview.js";
import { el, icon } from "./dom.js";
import { onLanguage, startLanguage, t } from "./i18n.js";

const framed = window.parent !== window;

/** Tells the page around the frame what happened, never what was written. */
const tell = (type) => framed && window.parent.postMessage({ source: "rapport", type }, "*");

function wireFrame() {
  if (!framed) return;
  const close = document.getElementById("close");
  close.hidden = false;
  close.append(icon("close"));
  close.addEventListener("click", () => tell("close"));
  document.addEventListener("keydown", (event) => event.key === "Escape" && !event.defaultPrevented && tell("close"));
}

function sayNoCookies() {
  const notice = document.getElementById("notice");
  notice.replaceChildren(`${t("no_cookies")} `, el("a", { href: "/chat", target: "_blank", rel: "noopener", t: "own_window" }));
  notice.hidden = false;
}

async function start() {
  startLanguage();
  wireFrame();
  const { business, chat_id: chatId } = await session();
  const title = document.getElementById("business");
  const write = () => {
    title.textContent = business;
    document.title = business;
  };
  write();
  onLanguage(write);
  const view = new ChatView({ pane: "customer", chatId, emptyKey: "visitor_empty", placeholderKey: "placeholder_customer" });
  document.getElementById("chat").append(view.root);
  follow("customer", {
    onEvent(event) {
      if (event.type === "ready") view.conversation.ready();
      else view.conversation.handle(event);
      if (event.type === "message" && event.from === "bot" && view.conversation.live) tell("unread");
    },
    async onState(state, failures) {
      if (state === "live") document.getElementById("notice").hidden = true;
      else if (failures === 1 && (await session().catch(() => ({}))).chat_id !== chatId) sayNoCookies();
    },
  });
  tell("ready");
}

start().catch((error) => {
  const notice = document.getElementById("notice");
  notice.textContent = `${error.message} ${error.fix ?? ""}`;
  notice.hidden = false;
});
