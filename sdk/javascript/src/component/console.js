/** `console` on top of the session's log. While the component is built there is no session: it says nothing. */
export function console(context) {
  const say = (level) => (...values) => {
    try {
      context.log(level, values.map(shown).join(' ').toWellFormed());
    } catch {
      // Nobody listens.
    }
  };
  return { trace: say('trace'), debug: say('debug'), log: say('info'), info: say('info'), warn: say('warn'), error: say('error') };
}

function shown(value) {
  if (typeof value === 'string') return value;
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  const plain = (_, part) => (typeof part === 'bigint' ? `${part}n` : part);
  try {
    return JSON.stringify(value, plain) ?? String(value);
  } catch {
    return String(value);
  }
}
