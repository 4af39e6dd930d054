/** The database can not be used, for a reason that a person can mend: the message is one line and says how. */
export class DatabaseUnusableError extends Error {}
