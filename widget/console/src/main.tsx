/** The console: who is in sees the desk, who is not sees the door. Above: the page. Below: views. */
import { render } from "preact";
import { useState } from "preact/hooks";
import { LANGUAGES, pickLanguage } from "./i18n";
import { en } from "./i18n/en";
import { tab, tastes } from "./keep";
import { Store } from "./store";
import { App } from "./view/app";
import { HouseContext } from "./view/context";
import { Login } from "./view/login";
import { applyTheme } from "./view/settings";

function Console() {
  const [language, setLanguage] = useState(pickLanguage);
  const [refused, setRefused] = useState(false);
  const out = (thrown: boolean): void => {
    setStore((store) => {
      store?.close();
      return null;
    });
    tab.set("token", null);
    setRefused(thrown);
  };
  const enter = (token: string, name: string): Store => new Store(token, name, () => out(true));
  const [store, setStore] = useState<Store | null>(() => {
    const token = tab.get("token");
    return token ? enter(token, tastes.get("name") || "Support") : null;
  });
  const w = LANGUAGES[language]?.words ?? en;
  document.documentElement.lang = language;
  if (!store) {
    document.title = w.title;
    return <Login w={w} refused={refused} onIn={(token, name) => setStore(enter(token, name))} />;
  }
  const choose = (chosen: string): void => {
    tastes.set("language", chosen);
    setLanguage(chosen);
  };
  return (
    <HouseContext.Provider value={{ store, w, language }}>
      <App onLanguage={choose} onOut={() => out(false)} />
    </HouseContext.Provider>
  );
}

applyTheme();
const root = document.getElementById("console");
if (root) render(<Console />, root);
