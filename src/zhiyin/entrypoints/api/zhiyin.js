/*
 * zhiyin.js: page views, clicks and forms of a website → a Zhiyin server.
 *
 *   <script async src="https://zhiyin.example.com/zhiyin.js" data-key="zy_…"></script>
 *
 * The attributes of that element are the options; docs/how-to/collect-events.md lists them. Written for every
 * browser since 2020; `tools/tag` makes zhiyin.min.js, which is what is served, from this file.
 *
 * A message waits under a key of its own in localStorage until the server has answered 200, so that tabs never
 * overwrite each other's and a page that closes loses nothing. What is sent twice has the same messageId twice,
 * which the server counts once; it remembers ids for at least a day, so older messages are given up.
 */
(() => {
  "use strict";
  const script = document.currentScript || document.querySelector('script[data-key][src*="zhiyin"]');
  const zy = (window.zy = window.zy || []);
  if (!script || zy.version) return;
  zy.version = "1";

  const option = (name) => script.getAttribute("data-" + name);
  const has = (name) => script.hasAttribute("data-" + name);
  const key = option("key") || "";
  const endpoint = new URL("v1/batch", has("host") ? option("host").replace(/\/*$/, "/") : script.src).href;
  const automatic = (option("auto") || "").split(/[\s,]+/);
  const signalled =
    navigator.globalPrivacyControl || (option("dnt") !== "ignore" && (navigator.doNotTrack || window.doNotTrack) === "1");

  const DAY = 864e5;
  const PREFIX = "zy:" + key.slice(-8) + ":"; // of the messages that wait; another key's are not ours to send
  const PAUSE = "zy_pause"; // until when the server wants to be left alone, for all tabs and the next page
  const memory = {}; // what may not be stored, or cannot be
  let [last, failures, timer] = [0, 0, 0];
  let flying = []; // keys of the messages on their way

  const warn = (...words) => console.warn("zhiyin.js:", ...words);
  const careful = (act) => (...args) => {
    try {
      return act(...args); // a page must never break because it is counted
    } catch (error) {
      warn(error);
    }
  };
  const random = () =>
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const size = (text) => new Blob([text]).size;

  // ---- what the visitor agreed to ----

  const said = () => (has("cookieless") ? undefined : cookie("consent")) || memory.consent;
  const allowed = () => (said() ? said() === "yes" : !has("consent") && !signalled);
  const stores = () => !has("cookieless") && allowed();
  const disk = () => {
    try {
      return stores() ? localStorage : {};
    } catch {
      return {}; // switched off in this browser
    }
  };

  function cookie(name, value) {
    try {
      if (value !== undefined) {
        document.cookie =
          `zy_${name}=${encodeURIComponent(value)}; path=/; samesite=lax; max-age=${value ? 365 * 86400 : 0}` +
          (has("cookie-domain") ? "; domain=" + option("cookie-domain") : "") +
          (location.protocol === "https:" ? "; secure" : "");
      }
      const found = document.cookie.match("(?:^|; )zy_" + name + "=([^;]+)");
      return found ? decodeURIComponent(found[1]) : undefined;
    } catch {
      return undefined; // a frame without cookies
    }
  }

  const recall = (name) => (stores() ? cookie(name) : undefined) || memory[name];

  function keep(name, value) {
    memory[name] = value;
    // once it is a cookie, that alone counts: another tab may change it
    if (stores() && cookie(name, value) === value) delete memory[name];
    return value;
  }

  function forget() {
    for (const name of ["id", "user"]) {
      delete memory[name];
      cookie(name, "");
    }
  }

  const anonymous = () => recall("id") || keep("id", random());

  function consent(yes) {
    if (yes === undefined) return allowed();
    if (!yes) {
      clearTimeout(timer);
      careful(() => [...mine(localStorage), PAUSE].forEach((name) => delete localStorage[name]))();
      mine(memory).forEach((name) => delete memory[name]);
      forget();
    }
    const answer = (memory.consent = yes ? "yes" : "no");
    // without data-consent a no has to be remembered; with it, silence is a no
    if (!has("cookieless") && cookie("consent", yes || !has("consent") ? answer : "") === answer) delete memory.consent;
    if (yes) {
      for (const name of ["id", "user"]) if (memory[name]) keep(name, memory[name]);
      mine(memory).forEach((name) => shelve(name, memory[name])); // what had to wait in memory
      flush();
    }
  }

  // ---- messages that wait ----

  const mine = (shelf) => Object.keys(shelf).filter((name) => name.startsWith(PREFIX));

  /** Keys of all that wait, oldest first: they begin with their time. */
  const waiting = () => [...new Set([...mine(memory), ...mine(disk())])].sort();

  function shelve(name, text) {
    const shelf = disk();
    memory[name] = text;
    try {
      shelf[name] = text;
      if (shelf instanceof Storage) delete memory[name];
    } catch {
      // full: memory keeps it
    }
  }

  function drop(name) {
    delete memory[name];
    delete disk()[name];
  }

  // ---- on their way ----

  function flush(leaving) {
    clearTimeout(timer);
    if (!allowed() || document.prerendering) return;
    const pause = (disk()[PAUSE] || memory[PAUSE] || 0) - Date.now();
    // longer than we ever write is a clock that was moved; what cannot be stored has no later than now
    if (pause > 0 && pause <= 36e5 && !(leaving && !stores())) {
      timer = setTimeout(flush, pause);
      return;
    }
    if (flying[0] && !leaving) return; // the answer will flush
    const [names, batch] = [[], []];
    let bytes = 0;
    for (const name of waiting()) {
      if (flying.includes(name)) continue;
      const text = memory[name] || disk()[name];
      let message;
      try {
        message = parseInt(name.slice(PREFIX.length), 36) > Date.now() - DAY && JSON.parse(text);
      } catch {
        // not ours, or cut off
      }
      if (!message) {
        drop(name);
        continue;
      }
      bytes += size(text) + 1;
      if (bytes > 6e4 || batch.length === 50) break; // browsers take 64 KB from a page that is leaving
      names.push(name);
      batch.push(message);
    }
    if (!batch.length) return;
    // text/plain and the key in the body: a request that needs no preflight
    const body = JSON.stringify({ writeKey: key, sentAt: new Date().toISOString(), batch });
    if (leaving) {
      navigator.sendBeacon(endpoint, body); // nobody will hear the answer, so they stay on their shelf
      return;
    }
    flying = names;
    fetch(endpoint, { method: "POST", body, keepalive: true, credentials: "omit", signal: AbortSignal.timeout?.(2e4) })
      .then(
        (answer) => {
          if (answer.status >= 500 || answer.status === 429 || answer.status === 408) return answer.headers.get("Retry-After") || "0";
          if (!answer.ok) answer.text().then((text) => warn(answer.status, text), warn); // another try would end the same
          names.forEach(drop);
        },
        () => "0",
      )
      .then((rest) => {
        flying = [];
        if (rest === undefined) {
          failures = 0;
        } else {
          const asked = /^\d+$/.test(rest) ? rest * 1e3 : Date.parse(rest) - Date.now() || 0;
          const backoff = Math.min(1e3 * 2 ** failures++, 3e5) * (0.5 + Math.random() / 2);
          memory[PAUSE] = Date.now() + Math.min(Math.max(asked, backoff), 36e5);
          careful(() => (disk()[PAUSE] = memory[PAUSE]))();
        }
        flush();
      });
  }

  // ---- messages ----

  let before = document.referrer; // of a virtual page: the one before it
  let seen;
  const place = () => location.pathname + location.search + (has("hash") ? location.hash : "");
  const url = () => location.origin + place();

  function context() {
    const campaign = {};
    new URLSearchParams(location.search).forEach((value, name) => {
      if (name.startsWith("utm_")) campaign[name === "utm_campaign" ? "name" : name.slice(4)] = value;
    });
    return {
      library: { name: "zhiyin.js", version: zy.version },
      page: page(),
      userAgent: navigator.userAgent,
      locale: navigator.language,
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      campaign: Object.keys(campaign)[0] ? campaign : undefined,
      consent: said() ? { categoryPreferences: { analytics: true } } : undefined,
    };
  }

  function page() {
    const path = location.pathname + (has("hash") ? location.hash : "");
    return { path, referrer: before, search: location.search, title: document.title, url: url() };
  }

  function say(type, fields) {
    if (said() === "no") return;
    last = Math.max(Date.now(), last + 1); // in order, also within one millisecond
    const id = last.toString(36) + "-" + random();
    const text = JSON.stringify({
      type,
      messageId: "zy-" + id,
      timestamp: new Date(last).toISOString(),
      anonymousId: anonymous(),
      userId: recall("user"),
      context: context(),
      ...fields,
    });
    if (size(text) > 32768) return warn("larger than 32 KB, not sent:", type, fields.event || "");
    shelve(PREFIX + id, text);
    waiting().slice(0, -100).forEach(drop);
    if (allowed() && !flying[0]) {
      clearTimeout(timer);
      timer = setTimeout(flush, 100); // what happens together goes together
    }
  }

  const functions = {
    consent,
    reset: forget,
    track: (event, properties = {}) => say("track", { event, properties }),
    group: (groupId, traits = {}) => say("group", { groupId, traits }),
    alias: (userId, previousId = recall("user") || anonymous()) => say("alias", { userId: "" + userId, previousId }),
    page(...args) {
      const words = args.filter((one) => typeof one === "string");
      const [name, category] = words.reverse(); // page("Tea"), or page("Shop", "Tea") as in Segment's library
      const extra = args.find((one) => one && typeof one === "object");
      say("page", { name, category, properties: { ...page(), name, category, ...extra } });
    },
    identify(userId, traits) {
      if (userId && typeof userId === "object") [userId, traits] = [undefined, userId];
      if (userId !== undefined && userId !== null && userId !== "") {
        userId = "" + userId;
        if (recall("user") && recall("user") !== userId) forget(); // somebody else sits at this browser now
        keep("user", userId);
      }
      say("identify", { traits: traits || {} });
    },
  };

  // ---- what is noticed without being told ----

  function view() {
    if (seen === url()) return;
    if (seen) before = seen;
    seen = url();
    functions.page();
  }

  function properties(element, extra) {
    for (const { name, value } of element.attributes) {
      if (name.startsWith("data-zy-prop-")) extra[name.slice(13).replace(/-/g, "_")] = value;
    }
    return extra;
  }

  function clicked(event) {
    const target = event.target;
    if (event.button > 1 || !target.closest) return; // the right button opens a menu
    const marked = target.closest("[data-zy-event]:not(form)");
    const link = target.closest("a[href]");
    const web = link && /^http/.test(link.protocol);
    const where = web ? { url: link.href } : {};
    const kind = web && (/\.(\w+)$/.exec(link.pathname) || [])[1];
    if (marked) {
      functions.track(marked.getAttribute("data-zy-event"), properties(marked, where));
    } else if (web && automatic.includes("downloads") && (link.hasAttribute("download") || FILES.test(kind))) {
      functions.track("File Downloaded", properties(link, { ...where, extension: kind }));
    } else if (web && automatic.includes("outbound") && link.host !== location.host) {
      functions.track("Outbound Link Clicked", properties(link, where));
    }
  }
  const FILES = /^(pdf|docx?|xlsx?|pptx?|csv|txt|epub|zip|rar|7z|gz|dmg|exe|msi|apk|mp[34]|mov|avi)$/i;

  function submitted(event) {
    const form = event.target;
    const name = form.getAttribute("data-zy-event") || (automatic.includes("forms") && "Form Submitted");
    if (!name) return;
    const label = ["id", "name", "action"].map((one) => form.getAttribute(one)).find(Boolean) || "";
    const answers = properties(form, { form: label.split("?")[0] });
    for (const field of form.elements) {
      if (!field.hasAttribute("data-zy-field") || isSecret(field)) continue;
      if (field.type === "radio" && !field.checked) continue;
      answers[field.getAttribute("data-zy-field") || field.name] = field.type === "checkbox" ? field.checked : field.value;
    }
    functions.track(name, answers);
  }

  /** Passwords, also those shown as text, cards and files never leave the page, whatever their attributes say. */
  const isSecret = (field) =>
    /password|passwd|pwd|cc-|cvc|cvv|\bfile\b/i.test([field.type, field.autocomplete, field.name, field.id].join(" "));

  function start() {
    const on = (name, act, target = window) => target.addEventListener(name, careful(act), true);
    on("click", clicked, document);
    on("auxclick", clicked, document);
    on("submit", submitted, document);
    on("online", () => flush());
    on("pagehide", () => flush(true));
    on("visibilitychange", () => document.hidden && flush(), document); // phones may never come back
    if (option("page") !== "off") {
      const moved = careful(() => setTimeout(careful(view), 50)); // frameworks set the title a moment later
      const push = history.pushState;
      history.pushState = function (...args) {
        push.apply(this, args);
        moved();
      };
      on("popstate", moved);
      on("pageshow", (event) => event.persisted && functions.page());
      view();
    }
    flush(); // what earlier pages left
  }

  const run = careful(([name, ...args]) => functions[name](...args));
  Object.keys(functions).forEach((name) => (zy[name] = (...args) => run([name, ...args])));
  const early = zy.splice(0);
  zy.push = (...calls) => calls.forEach((call) => run(call));
  early.forEach((call) => run(call));
  if (document.prerendering) document.addEventListener("prerenderingchange", careful(start), { once: true });
  else careful(start)();
})();
