interface Reader {
  query<Row extends object>(text: string): Promise<Row[]>;
}

/** Every row of every table as text, with what lies there as bytes in Latin letters where it has any. */
export async function everythingStored(database: Reader): Promise<string> {
  const tables = await database.query<{ name: string }>(
    `SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public'`,
  );
  const texts: string[] = [];
  for (const { name } of tables) {
    const rows = await database.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
    texts.push(...rows.map(({ row }) => withBytesAsLetters(row)));
  }
  return texts.join('\n');
}

/** PostgreSQL writes bytes as `\x…`, with more backslashes where it quotes them. */
export const withBytesAsLetters = (text: string): string =>
  text.replaceAll(/\\+x([0-9a-f]+)/g, (_, hex: string) => Buffer.from(hex, 'hex').toString('latin1'));
