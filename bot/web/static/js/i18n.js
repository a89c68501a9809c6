// Every string of the pages in both languages, and the switch between them.
const STRINGS = {
  en: {
    sample: "sample business", language: "Language", panes: "Panes", close: "Close",
    connecting: "Connecting …", live: "Live", offline: "Reconnecting …",
    customer: "Customer", agent: "Agent", manager: "Manager",
    customer_about: "Writes to the shop", agent_about: "Asks, notes, takes over", manager_about: "Figures and the digest",
    customer_empty: "Say hello, or ask about an order. English and Chinese both work.",
    agent_empty: "Ask about customers and orders. Hand-overs arrive in the queue.",
    manager_empty: "Ask for the digest, a figure, or a list of customers.",
    visitor_empty: "Hello! How can we help?",
    placeholder_customer: "Message the shop", placeholder_staff: "Ask the assistant",
    placeholder_note: "Internal note, or @crm to ask the assistant", placeholder_send: "Write to the customer",
    send: "Send", attach: "Attach files", record: "Record a voice message", stop_recording: "Stop recording", recording: "Recording {time}",
    no_microphone: "The microphone is not available. Allow it in the browser, or attach a recording.",
    remove: "Remove", edit: "Edit", editing: "Editing your message", cancel: "Cancel",
    edited: "edited", sending: "Sending …", sent_tick: "Sent", retry: "Try again", not_sent: "Not sent.",
    internal: "Internal: only your team", to_customer: "To the customer", delivered: "Delivered to the customer",
    failed: "Not delivered", only_you: "Only you can see this", typing: "The assistant is writing",
    assistant: "Assistant", queue: "Queue", queue_empty: "Nobody is waiting. When a customer asks for a person or complains, a thread opens here.",
    back: "Back to the queue", mode_note: "Internal note", mode_send: "Send to customer", mode: "Who sees it",
    waiting: "waiting", person: "with a person", snoozed: "snoozed", resolved: "resolved", bot: "assistant",
    new_thread: "A customer is waiting for a person", unread: "unread",
    try_label: "Things to try", log: "Conversation", open_picture: "Open the picture", table: "Table",
    understood: "What was understood", sure: "{percent} % sure", mood: "Mood {value}", happy: "content", unhappy: "unhappy", even: "neutral", strong: "strong feeling",
    alternatives: "Other readings", entities: "Found in the text", path: "Path of the message", said_in: "Language",
    english: "English", chinese: "Chinese", mixed: "mixed",
    received: "Received", stored: "Stored", understood_step: "Understood", answered: "Answered", delivered_step: "Delivered", not_yet: "not yet",
    attempts: "{count} attempts", message_id: "Message {id}",
    too_long: "The text is longer than 64 KB. Shorten it or send it as a file.",
    too_big: "“{name}” is larger than 10 MB.", too_many: "At most 5 files at a time.",
    no_cookies: "This browser keeps no cookies here, so the chat cannot remember you.", own_window: "Open the chat in its own window",
    not_meant: "Not what was meant", other_intents: "What was meant", moods: "Mood", was_meant: "Meant: {meaning}; a manager decides", take_back: "Take back",
    thread_title: "Hand-over", file_gone: "{name} (no longer kept)",
  },
  zh: {
    sample: "示例商家", language: "语言", panes: "面板", close: "关闭",
    connecting: "正在连接…", live: "实时", offline: "正在重新连接…",
    customer: "顾客", agent: "客服", manager: "经理",
    customer_about: "向商家发消息", agent_about: "查询、备注、接手", manager_about: "数据与日报",
    customer_empty: "打个招呼，或者问问订单。中文、英文都可以。",
    agent_empty: "查询顾客和订单。转人工的对话会出现在队列里。",
    manager_empty: "要一份日报、一个数字，或一份顾客名单。",
    visitor_empty: "您好！有什么可以帮您？",
    placeholder_customer: "给商家发消息", placeholder_staff: "向助手提问",
    placeholder_note: "内部备注，或用 @crm 询问助手", placeholder_send: "写给顾客",
    send: "发送", attach: "添加附件", record: "录制语音消息", stop_recording: "停止录音", recording: "正在录音 {time}",
    no_microphone: "无法使用麦克风。请在浏览器里允许，或添加录音文件。",
    remove: "移除", edit: "编辑", editing: "正在编辑消息", cancel: "取消",
    edited: "已编辑", sending: "发送中…", sent_tick: "已发送", retry: "重试", not_sent: "未发送。",
    internal: "内部：仅团队可见", to_customer: "发给顾客", delivered: "已送达顾客",
    failed: "未送达", only_you: "仅你可见", typing: "助手正在输入",
    assistant: "助手", queue: "队列", queue_empty: "现在没有人在等。顾客要求人工或投诉时，这里会出现一个对话。",
    back: "返回队列", mode_note: "内部备注", mode_send: "发给顾客", mode: "谁能看到",
    waiting: "等待人工", person: "人工处理中", snoozed: "已推迟", resolved: "已解决", bot: "助手",
    new_thread: "有顾客在等待人工", unread: "未读",
    try_label: "可以试试", log: "对话", open_picture: "打开图片", table: "表格",
    understood: "理解结果", sure: "把握 {percent}%", mood: "情绪 {value}", happy: "满意", unhappy: "不满", even: "平静", strong: "情绪强烈",
    alternatives: "其他可能", entities: "文中信息", path: "消息轨迹", said_in: "语言",
    english: "英文", chinese: "中文", mixed: "混合",
    received: "收到", stored: "已保存", understood_step: "已理解", answered: "已回答", delivered_step: "已送达", not_yet: "尚未",
    attempts: "尝试 {count} 次", message_id: "消息 {id}",
    too_long: "文字超过 64 KB，请缩短，或作为文件发送。",
    too_big: "“{name}”超过 10 MB。", too_many: "一次最多 5 个文件。",
    no_cookies: "此浏览器在这里不保存 Cookie，聊天无法记住您。", own_window: "在单独窗口打开聊天",
    not_meant: "理解错了", other_intents: "其实是什么意思", moods: "情绪", was_meant: "其实是：{meaning}；由经理决定", take_back: "撤回",
    thread_title: "转人工", file_gone: "{name}（已不再保存）",
  },
};
const STORED_AS = "rapport-language";
const ATTRIBUTES = { label: "aria-label", title: "title", placeholder: "placeholder" };

let current = "en";
const listeners = [];

export const language = () => current;

/** Text for a key, with {names} filled in. */
export function t(key, values = {}) {
  const pattern = STRINGS[current][key] ?? key;
  return pattern.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** Picks from {"en", "zh"}, or gives a plain text back. */
export const pick = (text) => (text && typeof text === "object" ? (text[current] ?? text.en ?? "") : (text ?? ""));

/** Writes the texts of an element that names them in data-t, data-t-label … (values in data-t-values). */
export function translate(root) {
  const all = [root, ...root.querySelectorAll("[data-t],[data-t-label],[data-t-title],[data-t-placeholder]")];
  for (const element of all) {
    const data = element.dataset ?? {};
    const values = data.tValues ? JSON.parse(data.tValues) : {};
    if (data.t) element.textContent = t(data.t, values);
    for (const [name, attribute] of Object.entries(ATTRIBUTES)) {
      const key = data[`t${name[0].toUpperCase()}${name.slice(1)}`];
      if (key) element.setAttribute(attribute, t(key, values));
    }
  }
}

export const onLanguage = (listener) => listeners.push(listener);

export function setLanguage(wanted) {
  current = wanted === "zh" ? "zh" : "en";
  document.documentElement.lang = current === "zh" ? "zh-Hans" : "en";
  remember(current);
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === current));
  }
  translate(document.body);
  for (const listener of listeners) listener(current);
}

/** Begins with what was chosen before, the address's ?lang=, or the browser's own language; wires the switch. */
export function startLanguage() {
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => setLanguage(button.dataset.language));
  }
  const asked = new URLSearchParams(location.search).get("lang");
  setLanguage(asked ?? remembered() ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en"));
}

function remembered() {
  try {
    return localStorage.getItem(STORED_AS);
  } catch {
    return null; // a frame on another site may not keep anything
  }
}

function remember(chosen) {
  try {
    localStorage.setItem(STORED_AS, chosen);
  } catch {
    // see above: the choice then lasts as long as the page
  }
}
