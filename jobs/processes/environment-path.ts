/** Where programs are looked for: PATH of the environment. */
export const programPath = (): string => process.env.PATH ?? "";
