// Tells of a newer publication while a page is open. The page is complete without it.
"use strict";
(() => {
  const shown = document.getElementById("publication");
  const notice = document.getElementById("newer");
  if (!shown || !notice) return;
  const look = async () => {
    try {
      const answer = await fetch("/publication", { headers: { Accept: "application/json" } });
      if (answer.ok && (await answer.json()).build_id !== shown.dataset.build && !document.querySelector(".notice:not([hidden]) a[href]")) {
        notice.hidden = false;
      }
    } catch {
      // The portal is being restarted, or the network is away: the next look tells.
    }
  };
  setInterval(look, 60000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
})();
