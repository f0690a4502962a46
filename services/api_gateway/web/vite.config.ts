import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// `npm run dev` serves the page and hands everything under /api to a running gateway (or to dev/mock.mjs).
const gateway = process.env.BALLAST_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  build: {
    // The gateway's content security policy allows files of its own origin only: nothing may be inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    // The chart library changes rarely: a file of its own stays in the browser's cache.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: "charts", test: /lightweight-charts|fancy-canvas/ }] } } },
  },
  server: { proxy: { "/api": { target: gateway, ws: true }, "/healthz": gateway } },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
