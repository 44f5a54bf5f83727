import { useEffect, useState } from "preact/hooks";

/** Shortest and longest time of a step while playing, and how long a whole trajectory should take. */
const FASTEST_MS = 40;
const SLOWEST_MS = 600;
const WHOLE_MS = 15_000;

/** Where to go in a trajectory: a step, or what follows from the one that is shown, so that keys may come faster than pictures. */
export type Go = (to: number | ((step: number) => number)) => void;

/** Where somebody is in a trajectory: after so many steps, 0 .. length. */
export function useStep(length: number): readonly [step: number, go: Go] {
  const [step, setStep] = useState(0);
  const go: Go = (to) =>
    setStep((before) => Math.min(Math.max(Math.round(typeof to === "number" ? to : to(before)), 0), length));
  return [step, go];
}

const next = (step: number) => step + 1;
const previous = (step: number) => step - 1;

/** Play, pause, a slider, and keys: arrows, Home, End and the space bar, wherever the focus is. */
export function Player(props: { step: number; length: number; go: Go; text: string }) {
  const { step, length, go, text } = props;
  const [playing, setPlaying] = useState(false);
  const pace = Math.min(SLOWEST_MS, Math.max(FASTEST_MS, WHOLE_MS / Math.max(length, 1)));

  useEffect(() => {
    if (!playing) return;
    if (step >= length) return setPlaying(false);
    const timer = window.setTimeout(() => go(next), pace);
    return () => window.clearTimeout(timer);
  }, [playing, step]);

  const toggle = () => {
    if (!playing && step >= length) go(0);
    setPlaying(!playing);
  };
  const moveTo: Go = (to) => {
    setPlaying(false);
    go(to);
  };

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const onControl = (event.target as Element).closest("input, select, button, a") !== null;
      const move = { ArrowRight: next, ArrowLeft: previous, Home: 0, End: length }[event.key];
      if (move !== undefined && !(event.target as Element).closest("input, select")) moveTo(move);
      else if (event.key === " " && !onControl) toggle();
      else return;
      event.preventDefault();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  });

  return (
    <div class="player">
      <button type="button" class="play" onClick={toggle} aria-label={playing ? "Pause" : "Play"}>
        <svg viewBox="0 0 12 12" width="14" height="14" aria-hidden="true">
          {playing ? <path d="M2 1h3v10H2zM7 1h3v10H7z" /> : <path d="M2.500 1v10l8-5z" />}
        </svg>
      </button>
      <button type="button" onClick={() => moveTo(previous)} disabled={step === 0} aria-label="One step back">
        ‹
      </button>
      <button type="button" onClick={() => moveTo(next)} disabled={step === length} aria-label="One step on">
        ›
      </button>
      <input
        type="range"
        min={0}
        max={length}
        step={1}
        value={step}
        aria-label="Step"
        aria-valuetext={text}
        onInput={(event) => moveTo(Number(event.currentTarget.value))}
      />
      <output>
        {step} <span class="quiet">/ {length}</span>
      </output>
    </div>
  );
}
