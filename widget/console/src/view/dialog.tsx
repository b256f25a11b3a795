/** A question in front of everything else. Above: views. Below: the browser's own dialog. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useHouse } from "./context";

interface Asked {
  title: string;
  yes: string;
  danger?: boolean;
  /** Nothing must be filled in: one more press of Enter does it. */
  quick?: boolean;
  onYes: (form: FormData) => Promise<boolean>;
  onClose: () => void;
  children?: ComponentChildren;
}

/** `onYes` says if it is done; then the dialog closes, and the focus goes back to where it was. */
export function Dialog({ title, yes, danger, quick, onYes, onClose, children }: Asked) {
  const { w } = useHouse();
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => box.current?.showModal(), []);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (await onYes(new FormData(event.currentTarget as HTMLFormElement))) box.current?.close();
  };
  return (
    <dialog ref={box} aria-label={title} onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <h2>{title}</h2>
        {children}
        <div class="acts">
          <button class={danger ? "danger" : "primary"} autoFocus={quick}>{yes}</button>
          <button type="button" onClick={() => box.current?.close()}>{w.cancel}</button>
        </div>
      </form>
    </dialog>
  );
}
