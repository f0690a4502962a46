import { useSyncExternalStore } from "react";

// The address is "?account=paper#/orders?tab=working": filters survive a hard refresh and can be sent to a colleague. What
// stands before the hash is the selection (lib/address.ts) and is kept from view to view.
function subscribe(callback: () => void): () => void {
  window.addEventListener("hashchange", callback);
  return () => window.removeEventListener("hashchange", callback);
}

/** "#/orders/O-1?tab=all" is the view "orders", of it "O-1". */
export function useRoute(): { path: string; item: string; query: URLSearchParams } {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [view = "", item = ""] = path.split("/");
  let name = item;
  try {
    name = decodeURIComponent(item);
  } catch {
    // As it stands: nothing has such a name.
  }
  return { path: view || "overview", item: name, query: new URLSearchParams(query) };
}

export function setQuery(name: string, value: string): void {
  const [path = "", query = ""] = location.hash.split("?");
  const parameters = new URLSearchParams(query);
  if (value) parameters.set(name, value);
  else parameters.delete(name);
  const text = parameters.toString();
  location.replace(`${path || "#/overview"}${text ? `?${text}` : ""}`);
}
