/** What a name is, wherever it comes from: a spec, a message or a file. */

/** The longest name, in characters. */
export const MAX_NAME = 100;

/** Names of tasks, entrants and behaviours, for a message. */
export const NAME_RULE = `1 to ${MAX_NAME} letters, digits, spaces and . _ : + -, the first a letter or digit`;

/** Whether a text can name a task, an entrant or a behaviour: no path, no markup, no control character is one, nor a letter that is not drawn. */
export const isName = (text: string): boolean => /^(?!.*\p{DI})[\p{L}\p{N}][\p{L}\p{N} ._:+-]{0,99}$/u.test(text);

/** Names that become files or folders, for a message. */
export const FILE_NAME_RULE = `1 to ${MAX_NAME} of A-Z a-z 0-9 _ . + -, the first a letter or digit`;

/** Whether a text can name something that has a file or folder of that name: labels. */
export const isFileName = (text: string): boolean => /^[A-Za-z0-9][\w.+-]{0,99}$/.test(text);
