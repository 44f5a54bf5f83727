/**
 * The walls between the rooms (docs/architecture.md): who may import whom. Paths are regular expressions over files relative to
 * the repository's root. `npm run check` and tests/walls.test.ts apply them; names that code may not use stand in
 * scripts/forbidden-names.mjs.
 */

/** Code without clock, I/O or randomness of its own. */
export const PURE =
  "^(common/|server/tasks/|agents/(kit|bandits|mdps)/|agents/uniform\\.ts$|statistics/|clients/typescript/define-agent\\.ts$)";

const OURS = "^(proto|common|statistics|datasets|server|agents|clients|jobs|cli|bench|tests|examples|scripts|dist)/";

/** Who may load the transformer and its training: two jobs, which are loaded when their commands run. */
const TRAINS = "^jobs/(train|study|evaluate)/";

/** What is written against the tensor library. */
const TENSORS = "^agents/transformer/(model|tfjs-learner)\\.ts$";

/** The transformer as an agent, which is in the list of agents. */
const PLAYS = "^agents/transformer/transformer\\.ts$";

/**
 * From the files of `from`, of our own code only `allowed` may be imported.
 *
 * @param {string} name
 * @param {string} from
 * @param {string[]} allowed
 * @param {string} comment
 * @returns {import("dependency-cruiser").IForbiddenRuleType}
 */
const room = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: "error",
  from: { path: from },
  to: { path: OURS, pathNot: allowed },
});

/**
 * A room of datasets/: beside itself it may import only `others` of them.
 *
 * @param {string} name
 * @param {string[]} others
 * @param {string} comment
 * @returns {import("dependency-cruiser").IForbiddenRuleType}
 */
const datasetRoom = (name, others, comment) => ({
  name: `datasets-${name}`,
  comment,
  severity: "error",
  from: { path: `^datasets/${name}/` },
  to: { path: "^datasets/", pathNot: `^datasets/(${[name, ...others].join("|")})/` },
});

/**
 * The rules. Every one of them is shown to fail by tests/walls.test.ts.
 *
 * @type {import("dependency-cruiser").IForbiddenRuleType[]}
 */
export const forbidden = [
  room("proto-alone", "^proto/", ["^proto/"], "the contract knows nobody"),
  room("common", "^common/", ["^(common|proto)/"], "what both sides agree on depends on neither"),
  room("statistics", "^statistics/", ["^(common|proto|statistics)/"], "figures from figures: who asks is no matter"),
  room("datasets", "^datasets/", ["^(common|proto|datasets)/"], "files are read without a server"),
  datasetRoom("files", [], "files and folders on disk, whatever is in them"),
  datasetRoom("log", ["files"], "the log is rows in files"),
  datasetRoom("folder", ["files", "log"], "a dataset's folder has the log's rows"),
  datasetRoom("read", ["files", "log", "folder"], "reading changes nothing and makes nothing"),
  datasetRoom("verify", ["files", "log", "folder", "read"], "verifying changes nothing and makes nothing"),
  datasetRoom(
    "export",
    ["files", "log", "folder", "read"],
    "a format says how it is known: where it goes is no matter",
  ),
  datasetRoom("output", ["files", "log", "folder", "export"], "it knows every kind of output, exports too"),
  datasetRoom("rewrite", ["files", "log", "folder", "read", "export", "output"], "datasets are made of datasets"),
  datasetRoom("import", ["files", "log", "folder"], "others' trials become rows: who read them is no matter"),
  datasetRoom("tournament", ["files", "log"], "a tournament's trials are no dataset"),
  {
    name: "server-datasets",
    comment: "to read for learning, to make and to export datasets is not the server's business",
    severity: "error",
    from: { path: "^server/" },
    to: { path: "^datasets/", pathNot: "^datasets/(files|log|folder)/" },
  },
  room(
    "server",
    "^server/",
    ["^(common|proto|statistics|datasets|server)/"],
    "the server meets agents and clients on the wire",
  ),
  room("clients", "^clients/", ["^(common|proto|clients)/"], "ways in for agents stand below the agents"),
  room("sdk", "^clients/typescript/", ["^(common|proto|clients/typescript)/"], "the SDK is what a stranger has"),
  room(
    "agents",
    "^agents/",
    ["^(common|proto|datasets|clients/typescript|agents)/"],
    "built-in agents use the public SDK: what they cannot do, nobody's agent can",
  ),
  room(
    "jobs",
    "^jobs/",
    ["^(common|proto|statistics|datasets|server|clients/typescript|agents|jobs)/"],
    "what people do with the arena is a function, whoever calls it",
  ),
  room(
    "server-access",
    "^server/access/",
    ["^(common|datasets|server/access)/", "^server/keys\\.ts$"],
    "who may do what is decided without knowing what it is",
  ),
  room("server-tasks", "^server/tasks/", ["^(common|proto|server/tasks)/"], "tasks know nobody in the server"),
  room(
    "server-own-tasks",
    "^server/own-tasks/",
    ["^(common|datasets|server/(tasks|own-tasks))/"],
    "tasks of one's own become tasks like all others: nobody is told whose they are",
  ),
  room("server-work", "^server/work/", ["^(common|server/work)/"], "what is computed in slices is no matter"),
  room(
    "server-trajectories",
    "^server/trajectories/",
    ["^(common|proto|statistics|datasets|server/(tasks|trajectories))/"],
    "the log knows tasks (to replay them) and nobody else in the server",
  ),
  room(
    "server-matches",
    "^server/matches/",
    ["^(common|proto|server/(tasks|matches))/", "^server/keys\\.ts$"],
    "who plays what stands on tasks: sessions and schedules meet there, and it knows neither",
  ),
  room(
    "server-sessions",
    "^server/sessions/",
    ["^(common|proto|statistics|datasets|server/(tasks|trajectories|work|matches|sessions))/", "^server/keys\\.ts$"],
    "sessions stand on tasks, trajectories and matches",
  ),
  room(
    "server-tournaments",
    "^server/tournaments/",
    [
      "^(common|proto|statistics|datasets|server/(tasks|trajectories|work|matches|sessions|tournaments))/",
      "^server/keys\\.ts$",
    ],
    "tournaments stand on sessions",
  ),
  room(
    "server-collections",
    "^server/collections/",
    [
      "^(common|proto|statistics|datasets|server/(tasks|trajectories|work|matches|sessions|collections))/",
      "^server/keys\\.ts$",
    ],
    "collections stand on sessions, beside tournaments",
  ),
  room(
    "server-labels",
    "^server/labels/",
    ["^(common|proto|statistics|datasets|server/(tasks|trajectories|sessions|labels))/"],
    "labels stand on sessions, beside tournaments",
  ),
  room(
    "server-dm-env-rpc",
    "^server/dm-env-rpc/",
    ["^(common|proto|server/(tasks|sessions|dm-env-rpc))/", "^server/keys\\.ts$"],
    "another protocol speaks to sessions as agents do: it plays nothing itself",
  ),
  room(
    "server-rpc",
    "^server/rpc/",
    [
      "^(common|proto|statistics|datasets|server/(access|tasks|trajectories|sessions|tournaments|collections|rpc))/",
      "^server/keys\\.ts$",
    ],
    "handlers translate; the app puts them together",
  ),
  room(
    "server-http",
    "^server/http/",
    [
      "^(common|proto|statistics|datasets|server/(access|tasks|trajectories|work|sessions|tournaments|collections|http))/",
    ],
    "the live page's server shows what others know, beside the services",
  ),
  room(
    "server-metrics",
    "^server/metrics/",
    ["^(common|proto|server/(tasks|trajectories|sessions|tournaments|metrics))/"],
    "metrics count what others tell, and read what they have",
  ),
  {
    name: "metrics-by-app",
    comment: "the app alone counts: nothing depends on being measured",
    severity: "error",
    from: { pathNot: ["^server/metrics/", "^server/app\\.ts$"] },
    to: { path: "^server/metrics/" },
  },
  {
    name: "prom-client",
    comment: "one room knows the metrics library",
    severity: "error",
    from: { pathNot: "^server/metrics/" },
    to: { path: "(^|/)node_modules/prom-client/" },
  },
  room(
    "server-page",
    "^server/page/",
    ["^server/(page/|http/api\\.ts$)"],
    "what runs in browsers knows what the server tells it, and nothing of the server",
  ),
  {
    name: "http-by-app",
    comment: "the app alone serves the live page: nothing depends on being watched",
    severity: "error",
    from: { pathNot: ["^server/(http|page)/", "^server/app\\.ts$"] },
    to: { path: "^server/(http|page)/" },
  },
  {
    name: "server-main",
    comment: "a main is started, not imported; the CLI alone starts it",
    severity: "error",
    from: { path: "^server/" },
    to: { path: "^server/main\\.ts$" },
  },
  {
    name: "no-cycles",
    comment: "of two files that need each other, one has two subjects",
    severity: "error",
    from: {},
    to: { circular: true },
  },
  {
    name: "pure",
    comment:
      "pure code imports pure code and messages; of Node only a hash (seeds) and the byte order (tensors), of npm only edit distance",
    severity: "error",
    from: { path: PURE },
    to: {
      pathNot: [
        PURE,
        "^proto/gen/(google/|icrl/v1/(tensor|task)\\.ts$)",
        "(^|/)node_modules/fastest-levenshtein/",
        "^(node:)?(crypto|os)$",
      ],
    },
  },
  {
    name: "pure-hash",
    comment: "seeds alone are hashed",
    severity: "error",
    from: { path: PURE, pathNot: "^common/seeds\\.ts$" },
    to: { path: "^(node:)?crypto$" },
  },
  {
    name: "pure-byte-order",
    comment: "the tensor codec alone asks for the machine's byte order",
    severity: "error",
    from: { path: PURE, pathNot: "^common/tensor\\.ts$" },
    to: { path: "^(node:)?os$" },
  },
  {
    name: "commander",
    comment: "the command line alone knows what takes command lines apart",
    severity: "error",
    from: { pathNot: "^cli/" },
    to: { path: "(^|/)node_modules/commander/" },
  },
  {
    name: "tensorflow",
    comment: "one folder knows the tensor library, so that everything else installs and runs without it",
    severity: "error",
    from: { pathNot: "^agents/transformer/" },
    to: { path: "(^|/)@tensorflow/" },
  },
  {
    name: "tensorflow-lazily",
    comment:
      "a tensor library is an optional peer: two files need it, and are loaded when a back end of it is asked for",
    severity: "error",
    from: { pathNot: [TENSORS, "^bench/"] },
    to: { path: ["(^|/)@tensorflow/", TENSORS], dynamic: false, dependencyTypesNot: ["type-only"] },
  },
  {
    name: "transformer-lazily",
    comment: "whoever does not use the transformer does not load it, but for the agent",
    severity: "error",
    from: { pathNot: ["^(agents/transformer|bench)/", TRAINS] },
    to: { path: ["^agents/transformer/", TRAINS], pathNot: PLAYS, dynamic: false, dependencyTypesNot: ["type-only"] },
  },
  {
    name: "transformer-plays-alone",
    comment: "to play takes arrays alone: the agent is loaded with every other",
    severity: "error",
    from: { path: PLAYS },
    to: { path: "(^|/)@tensorflow/", reachable: true },
  },
  {
    name: "schemas",
    comment: "documents from files pass one door, which knows the library of schemas and loads it when it is needed",
    severity: "error",
    from: { pathNot: "^datasets/files/document\\.ts$" },
    to: { path: "(^|/)node_modules/zod/" },
  },
  {
    name: "sql",
    comment: "a database is opened in one place, which confines it to its files; the others know its types",
    severity: "error",
    from: { pathNot: "^datasets/log/duckdb\\.ts$" },
    to: { path: "(^|/)node_modules/@duckdb/", dependencyTypesNot: ["type-only"] },
  },
  {
    name: "sdk-dependencies",
    comment: "who installs the SDK installs two packages; the distance between words is bundled in",
    severity: "error",
    from: { path: "^(clients/typescript|common|proto)/" },
    to: {
      path: "(^|/)node_modules/",
      pathNot: "(^|/)node_modules/(@grpc/grpc-js|@bufbuild/protobuf|fastest-levenshtein)/",
    },
  },
  {
    name: "runtime-dependencies",
    comment: "what ships runs without development packages, and without packages that package.json does not name",
    severity: "error",
    from: { pathNot: "^bench/" },
    // What is an optional peer as well is there for tests, and may be missing elsewhere.
    to: { dependencyTypes: ["npm-dev", "npm-no-pkg"], dependencyTypesNot: ["npm-peer"] },
  },
];

export default { forbidden };
