// One line on any page: <script src="https://chat.example.com/chat.js" data-language="zh" async></script>
// Shows a round button that opens the chat in a frame. The server lists the sites that may (embed_origins).
(() => {
  const script = document.currentScript;
  if (!script || document.getElementById("rapport-chat")) return;
  const origin = new URL(script.src).origin;
  const chosen = script.dataset.language || document.documentElement.lang || "";
  const chinese = chosen.toLowerCase().startsWith("zh");
  const words = chinese ? { open: "打开聊天", close: "关闭聊天", title: "聊天" } : { open: "Open chat", close: "Close chat", title: "Chat" };
  const side = script.dataset.side === "left" ? "left" : "right";
  const SVG = "http://www.w3.org/2000/svg";

  const style = (element, rules) => Object.assign(element.style, rules);
  const host = document.createElement("div");
  host.id = "rapport-chat";
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-expanded", "false");
  style(button, {
    position: "fixed", [side]: "20px", bottom: "20px", width: "56px", height: "56px", padding: "0", border: "0", borderRadius: "50%",
    background: "#1f6f63", color: "#fff", boxShadow: "0 4px 18px rgba(0,0,0,.25)", cursor: "pointer", zIndex: "2147483000", display: "grid", placeItems: "center",
  });
  const drawing = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  for (const [name, value] of Object.entries({ viewBox: "0 0 24 24", width: "26", height: "26", fill: "none", stroke: "currentColor", "stroke-width": "2", "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" })) drawing.setAttribute(name, value);
  drawing.append(path);
  const dot = document.createElement("span");
  style(dot, { position: "absolute", top: "2px", right: "2px", width: "14px", height: "14px", borderRadius: "50%", background: "#d93025", border: "2px solid #fff", display: "none" });
  button.append(drawing, dot);
  host.append(button);

  let frame = null;
  let alive = false;
  const isOpen = () => frame !== null && frame.style.display !== "none";

  const load = () => {
    frame = document.createElement("iframe");
    frame.title = words.title;
    frame.allow = "microphone";
    frame.src = `${origin}/chat${chosen ? `?lang=${chinese ? "zh" : "en"}` : ""}`;
    const narrow = window.matchMedia("(max-width: 520px)").matches;
    style(frame, narrow
      ? { position: "fixed", inset: "0", width: "100%", height: "100%", border: "0", zIndex: "2147483001", colorScheme: "normal" }
      : { position: "fixed", [side]: "20px", bottom: "88px", width: "400px", height: "min(640px, calc(100vh - 110px))", border: "0", borderRadius: "16px", boxShadow: "0 12px 48px rgba(0,0,0,.25)", zIndex: "2147483001", colorScheme: "normal" });
    host.append(frame);
    setTimeout(() => {
      if (!alive) console.warn(`Rapport: the chat did not open. Add ${location.origin} to RAPPORT_WEB__EMBED_ORIGINS on ${origin}.`);
    }, 8000);
  };
  const draw = () => {
    path.setAttribute("d", isOpen() ? "M6 6l12 12M18 6L6 18" : "M4 5h16v11h-8l-5 4v-4H4z");
    button.setAttribute("aria-label", isOpen() ? words.close : words.open);
    button.setAttribute("aria-expanded", String(isOpen()));
  };
  const toggle = () => {
    if (frame === null) load();
    else frame.style.display = isOpen() ? "none" : "block";
    if (isOpen()) dot.style.display = "none";
    draw();
    if (isOpen()) frame.focus();
    else button.focus();
  };

  button.addEventListener("click", toggle);
  window.addEventListener("message", (event) => {
    if (event.origin !== origin || frame === null || event.source !== frame.contentWindow || event.data?.source !== "rapport") return;
    if (event.data.type === "ready") alive = true;
    if (event.data.type === "unread" && !isOpen()) dot.style.display = "block";
    if (event.data.type === "close" && isOpen()) toggle();
  });
  draw();
  const show = () => document.body.append(host);
  if (document.body) show();
  else document.addEventListener("DOMContentLoaded", show);
})();
