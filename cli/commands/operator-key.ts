/** The environment variable of the operator's key: on a command line every user of the machine could read it. */
export const OPERATOR_KEY = "ICRL_OPERATOR_KEY";

/** The key that the environment has; undefined where it has none. */
export const operatorKey = (): string | undefined => process.env[OPERATOR_KEY] || undefined;
