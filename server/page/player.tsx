import { useEffect, useState } from "preact/hooks";

/** Shortest and longest time of a step while playing, and how long a whole trajectory should take. */
const FASTEST_MS = 40;
const SLOWEST_MS = 600;
const WHOLE_MS = 15_000;

/** Where somebody is in a trajectory: after so many steps, 0 .. length. */
export function useStep(length: number): readonly [step: number, go: (to: number) => void] {
  const [step, setStep] = useState(0);
  return [step, (to) => setStep(Math.min(Math.max(Math.round(to), 0), length))];
}

/** Play, pause, a slider, and keys: arrows, Home, End and the space bar, wherever the focus is. */
export function Player(props: { step: number; length: number; go: (to: number) => void; text: string }) {
  const { step, length, go, text } = props;
  const [playing, setPlaying] = useState(false);
  const pace = Math.min(SLOWEST_MS, Math.max(FASTEST_MS, WHOLE_MS / Math.max(length, 1)));

  useEffect(() => {
    if (!playing) return;
    if (step >= length) return setPlaying(false);
    const timer = window.setTimeout(() => go(step + 1), pace);
    return () => window.clearTimeout(timer);
  }, [playing, step]);

  const toggle = () => {
    if (!playing && step >= length) go(0);
    setPlaying(!playing);
  };
  const moveTo = (to: number) => {
    setPlaying(false);
    go(to);
  };

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const onControl = (event.target as Element).closest("input, select, button, a") !== null;
      const move = { ArrowRight: step + 1, ArrowLeft: step - 1, Home: 0, End: length }[event.key];
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
      <button type="button" onClick={() => moveTo(step - 1)} disabled={step === 0} aria-label="One step back">
        ‹
      </button>
      <button type="button" onClick={() => moveTo(step + 1)} disabled={step === length} aria-label="One step on">
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
