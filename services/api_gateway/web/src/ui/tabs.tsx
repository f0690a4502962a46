import type { ReactNode } from "react";

export interface Tab {
  name: string;
  label: string;
  count: number;
}

/** Tabs with filters beside them (a tab list may hold nothing but tabs). Arrow keys go from tab to tab. */
export function Tabs({ label, tabs, selected, onSelect, children }: { label: string; tabs: readonly Tab[]; selected: string; onSelect: (name: string) => void; children?: ReactNode }) {
  const move = (event: React.KeyboardEvent<HTMLDivElement>) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    const at = tabs.findIndex((tab) => tab.name === selected);
    const next = tabs[(at + step + tabs.length) % tabs.length];
    if (!next) return;
    onSelect(next.name);
    event.currentTarget.querySelectorAll<HTMLElement>("[role=tab]")[tabs.indexOf(next)]?.focus();
  };
  return (
    <div className="tabs">
      <div className="tab-list" role="tablist" aria-label={label} onKeyDown={move}>
        {tabs.map((tab) => (
          <button key={tab.name} type="button" role="tab" aria-selected={tab.name === selected} tabIndex={tab.name === selected ? 0 : -1} className={tab.name === selected ? "on" : ""} onClick={() => onSelect(tab.name)}>
            {tab.label} <span className="count">{tab.count}</span>
          </button>
        ))}
      </div>
      {children !== undefined && <span className="tab-filters">{children}</span>}
    </div>
  );
}
