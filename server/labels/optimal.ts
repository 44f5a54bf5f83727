/** The expert that is the truth: its name, and what its labels are called unless they have another one, for `optimal` is a column of the data. */
export const OPTIMAL = { name: "optimal", version: "1", label: "best" } as const;
