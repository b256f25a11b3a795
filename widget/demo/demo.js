// The demo page's own script: the theme switch and the questions to try. Everything about the
// chat itself is in /widget.js; until that has loaded, calls wait in the queue.
"use strict";

window.Switchboard =
  window.Switchboard ||
  function (...call) {
    (window.Switchboard.q = window.Switchboard.q || []).push(call);
  };

const dark = matchMedia("(prefers-color-scheme: dark)");
let theme = null;

function showTheme() {
  const isDark = theme === null ? dark.matches : theme === "dark";
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
  const button = document.getElementById("theme");
  button.setAttribute("aria-pressed", String(isDark));
  window.Switchboard("setTheme", isDark ? "dark" : "light");
}

addEventListener("DOMContentLoaded", () => {
  dark.addEventListener("change", showTheme);
  document.getElementById("theme").addEventListener("click", () => {
    theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    showTheme();
  });
  for (const button of document.querySelectorAll("[data-ask]")) {
    button.addEventListener("click", () => {
      window.Switchboard("setLanguage", button.closest("[lang]").lang);
      window.Switchboard("send", button.textContent);
    });
  }
  showTheme();
});
