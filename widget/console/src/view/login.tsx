/** The door: a token and a name. Above: app. Below: fetch. The token is never in an address. */
import { useState } from "preact/hooks";
import { Api, Problem } from "../api";
import { tab, tastes } from "../keep";
import type { Words } from "../i18n/en";
import { Mark } from "./icons";

export function Login({ w, refused, onIn }: { w: Words; refused: boolean; onIn: (token: string, name: string) => void }) {
  const [problem, setProblem] = useState(refused ? w.wrongToken : "");
  const [busy, setBusy] = useState(false);
  const enter = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const token = String(form.get("token")).trim();
    const name = String(form.get("name")).trim();
    if (!token || !name) return;
    setBusy(true);
    setProblem("");
    try {
      await new Api(token, () => undefined).get("/health/detailed");
      tab.set("token", token);
      tastes.set("name", name);
      onIn(token, name);
    } catch (error) {
      const known = error instanceof Problem && (error.status === 401 || error.status === 403);
      setProblem(known ? w.wrongToken : w.serverAway);
      setBusy(false);
    }
  };
  return (
    <main class="login">
      <form onSubmit={enter}>
        <div class="brand"><Mark /><h1>Switchboard</h1></div>
        <label for="name">{w.yourName}</label>
        <input id="name" name="name" required maxLength={100} autocomplete="name" defaultValue={tastes.get("name") ?? ""} aria-describedby="name-hint" />
        <small id="name-hint">{w.nameHint}</small>
        <label for="token">{w.token}</label>
        <input id="token" name="token" type="password" required autocomplete="off" spellcheck={false} aria-describedby="token-hint problem" aria-invalid={problem ? "true" : undefined} />
        <small id="token-hint">{w.tokenHint}</small>
        <p id="problem" role="alert" class="problem">{problem}</p>
        <button class="primary" disabled={busy}>{busy ? w.working : w.signIn}</button>
      </form>
    </main>
  );
}
