/**
 * Where everything lies in the shared memory, in bytes: tables, parameters with their moments and gradients, packed weights, a
 * workspace for each thread; after them, what depends on a batch.
 */
import type { LearningBatch } from "../learner.js";
import type { ModelConfig } from "../model-config.js";
import type { ParameterLayout, Slot } from "./parameter-layout.js";
import { rotationSize } from "./rotation-table.js";
import type { EngineShape } from "./shape.js";

/** Hands out addresses, each at the beginning of a line of the cache. */
function allocator(from: number) {
  let next = from;
  return {
    /** Of n floats. */
    floats(n: number): number {
      const at = next;
      next = Math.ceil((next + 4 * n) / 64) * 64;
      return at;
    },
    end: () => next,
  };
}

/** A weight packed both ways; `in` is missing where no gradient goes on to what it multiplies. */
export interface PackedWeight {
  readonly slot: Slot;
  readonly out: number;
  readonly in: number | undefined;
}

/** Of a layer, in a thread's workspace: what its backward pass needs. */
export interface LayerWorkspace {
  /** [rows, D]: outputs of both norms, what they scaled and [rows] by how much. */
  readonly norm1: number;
  readonly hat1: number;
  readonly scales1: number;
  readonly norm2: number;
  readonly hat2: number;
  readonly scales2: number;
  /** [3 H dh / 8, rows, 8]. */
  readonly qkv: number;
  /** [H, rows, scoreColumns]: E, or that of the last head where it is computed again. */
  readonly weights: number;
  /** [H, rows]: f. */
  readonly factors: number;
  /** [rows, H dh]. */
  readonly heads: number;
  /** [rows, R], rows hiddenStride apart. */
  readonly hidden: number;
}

/** A thread's arrays for one sequence. */
export interface Workspace {
  /** [rows, F]. */
  readonly tokens: number;
  /** [rows, D]: the sum of all sub-layers so far; `post`: a layer's sum before its norm. */
  readonly x: number;
  /** [rows, D]: `post`: input of the first layer. */
  readonly first: number;
  readonly layers: readonly LayerWorkspace[];
  /** [rows, D], [rows, D], [rows]: decisions' rows. */
  readonly last: number;
  readonly lastHat: number;
  readonly lastScales: number;
  /** [rows, K]: the head's outputs, and their gradient; those of the logits where these are the first of them. */
  readonly outputs: number;
  readonly doutputs: number;
  /** [rows, A]. */
  readonly logits: number;
  /** [rows, A]: shares of the actions, then the gradient of the logits. */
  readonly dlogits: number;
  /** [rows]: largest logits, and sums of exponentials. */
  readonly largest: number;
  readonly totals: number;
  /** [rows, D]: gradients of x, and of what goes into a sub-layer. */
  readonly dx: number;
  readonly dy: number;
  /** [rows, D]: outputs of a sub-layer before some are dropped, and their gradient. */
  readonly dropped: number;
  /** [rows, R], rows hiddenStride apart. */
  readonly dhidden: number;
  /** [rows, dh]: keys or values in columns. */
  readonly columns: number;
  /** [H dh / 8, rows, 8]: gradient of heads. */
  readonly dheads: number;
  /** [rows]. */
  readonly corrections: number;
  /** [rows, scoreColumns]: gradient of a head's scores. */
  readonly dscores: number;
  /** [rows, 3 H dh], rows qkvStride apart. */
  readonly dqkv: number;
}

/** The plan of what does not depend on a batch. */
export interface MemoryPlan {
  readonly parameters: number;
  readonly firstMoments: number;
  readonly secondMoments: number;
  readonly gradients: number;
  readonly packed: ReadonlyMap<string, PackedWeight>;
  /** Rotary positions; nothing is there where positions are others. */
  readonly rotation: number;
  readonly workspaces: readonly Workspace[];
  /** Whether each layer keeps its attention weights for the backward pass. */
  readonly keepsWeights: boolean;
  readonly end: number;
}

/** Attention weights of a sequence beyond which they are computed again in the backward pass. */
const MOST_KEPT_BYTES = 2 ** 26;

/** Gradients of chunks, at most. */
const MOST_CHUNK_BYTES = 2 ** 29;

/** Sequences are shared out in chunks, each with a gradient of its own: at most so many. */
const MOST_CHUNKS = 32;

/** Before it are tables and the counter that threads take chunks by. */
const BEGIN = 4096;

/** Where threads count the chunks that they have taken: an int32. */
export const COUNTER_AT = 64;

/** The plan for so many threads. */
export function memoryPlan(
  config: ModelConfig,
  shape: EngineShape,
  layout: ParameterLayout,
  threads: number,
): MemoryPlan {
  const {
    rows,
    width,
    attentionWidth,
    hiddenStride,
    qkvStride,
    features,
    actions,
    outputs,
    layers,
    heads,
    headWidth,
    scoreColumns,
  } = shape;
  const { floats, end } = allocator(BEGIN);
  const headWeights = rows * scoreColumns;
  const keepsWeights = 4 * layers * heads * headWeights <= MOST_KEPT_BYTES;
  const plan = {
    parameters: floats(layout.size),
    firstMoments: floats(layout.size),
    secondMoments: floats(layout.size),
    gradients: floats(layout.size),
    packed: new Map(
      layout.slots
        .filter(({ decays }) => decays)
        .map((slot): [string, PackedWeight] => {
          const back = slot.name !== "embed.weight";
          return [slot.name, { slot, out: floats(slot.size), in: back ? floats(slot.size) : undefined }];
        }),
    ),
    keepsWeights,
    rotation: floats(rotationSize(shape)),
  };
  const workspaces = Array.from({ length: threads }, (): Workspace => {
    const shared = keepsWeights ? undefined : floats(headWeights);
    const [logits, dlogits] = [floats(rows * actions), floats(rows * actions)];
    const scores = config.armDim > 0;
    return {
      tokens: floats(rows * features),
      x: floats(rows * width),
      first: floats(rows * width),
      layers: Array.from({ length: config.layers }, () => ({
        norm1: floats(rows * width),
        hat1: floats(rows * width),
        scales1: floats(rows),
        norm2: floats(rows * width),
        hat2: floats(rows * width),
        scales2: floats(rows),
        qkv: floats(3 * rows * attentionWidth),
        weights: shared ?? floats(heads * headWeights),
        factors: floats(heads * rows),
        heads: floats(rows * attentionWidth),
        hidden: floats(rows * hiddenStride),
      })),
      last: floats(rows * width),
      lastHat: floats(rows * width),
      lastScales: floats(rows),
      outputs: scores ? floats(rows * outputs) : logits,
      doutputs: scores ? floats(rows * outputs) : dlogits,
      logits,
      dlogits,
      largest: floats(rows),
      totals: floats(rows),
      dx: floats(rows * width),
      dy: floats(rows * width),
      dropped: floats(rows * width),
      dhidden: floats(rows * hiddenStride),
      columns: floats(rows * headWidth),
      dheads: floats(rows * attentionWidth),
      corrections: floats(rows),
      dscores: floats(headWeights),
      dqkv: floats(rows * qkvStride),
    };
  });
  return { ...plan, workspaces, end: end() };
}

/** Where a batch lies, and how it is shared out. */
export interface BatchPlan {
  readonly sequences: number;
  readonly length: number;
  readonly tokens: number;
  readonly targets: number;
  readonly weights: number;
  /** Of the head's numbers; nothing is there where it has none. */
  readonly numberTargets: number;
  readonly numberWeights: number;
  /** Nothing is there unless the model scores arms. */
  readonly arms: number;
  /** int32. */
  readonly numActions: number;
  /** Sequences of a chunk, but perhaps of the last. */
  readonly chunk: number;
  readonly chunks: number;
  /** [chunks, parameters]: of chunk c at chunkGradients + c chunkBytes. */
  readonly chunkGradients: number;
  readonly chunkBytes: number;
  readonly end: number;
}

/** The plan of a batch. Its chunks do not depend on the threads, so that sums do not either. */
export function batchPlan(batch: LearningBatch, layout: ParameterLayout, from: number): BatchPlan {
  const { sequences, length, tokens, targets, weights, numbers, arms, numActions } = batch;
  const { floats, end } = allocator(from);
  const most = Math.max(1, Math.min(MOST_CHUNKS, Math.floor(MOST_CHUNK_BYTES / (4 * layout.size))));
  const chunk = Math.ceil(sequences / most);
  const chunks = Math.ceil(sequences / chunk);
  const plan = {
    sequences,
    length,
    tokens: floats(tokens.length),
    targets: floats(targets.length),
    weights: floats(weights.length),
    numberTargets: floats(numbers?.targets.length ?? 0),
    numberWeights: floats(numbers?.weights.length ?? 0),
    arms: floats(arms?.length ?? 0),
    numActions: floats(numActions.length),
    chunk,
    chunks,
    chunkBytes: Math.ceil((4 * layout.size) / 64) * 64,
  };
  const chunkGradients = floats((chunks * plan.chunkBytes) / 4);
  return { ...plan, chunkGradients, end: end() };
}
