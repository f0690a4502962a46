// The simulator's own face, for the programs that drive a client.
const address = process.env.VENUE_ADDRESS;
const tls = process.env.VENUE_TLS ? 's' : '';
export const httpUrl = `http${tls}://${address}`;
export const wsUrl = `ws${tls}://${address}`;

export async function ask(method, what, body) {
  const answer = await fetch(`${httpUrl}/simulator/${what}`, {
    method,
    headers: { Authorization: `Bearer ${process.env.VENUE_CONTROL_TOKEN}` },
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}
export const move = (price, quantity) => ask('POST', 'price', { symbol: 'BTCUSDT', price, ...(quantity && { quantity }) });
export const facts = (shown) => console.log('FACTS ' + JSON.stringify(shown));
