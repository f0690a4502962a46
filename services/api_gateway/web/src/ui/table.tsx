import { memo, type ReactNode } from "react";

export interface Column<T> {
  key: string;
  label: string;
  end?: boolean;
  /** Left out below 640 px. */
  wideOnly?: boolean;
  /** The header is for screen readers only. */
  hiddenLabel?: boolean;
  cell: (row: T) => ReactNode;
}

const classOf = (c: { end?: boolean; wideOnly?: boolean }) => `${c.end ? "end" : ""} ${c.wideOnly ? "wide-only" : ""}`.trim();

// A row is drawn again only when its object changed; the store keeps the objects of rows that did not.
const Row = memo(function Row({ row, columns, onOpen }: { row: unknown; columns: readonly Column<never>[]; onOpen: ((row: never) => void) | undefined }) {
  return (
    <tr
      className={onOpen ? "clickable" : undefined}
      onClick={
        onOpen
          ? (event) => {
              if (!(event.target as HTMLElement).closest("button, a, input, dialog")) onOpen(row as never);
            }
          : undefined
      }
    >
      {columns.map((column) => (
        <td key={column.key} className={classOf(column)}>
          {column.cell(row as never)}
        </td>
      ))}
    </tr>
  );
});

/** `columns` must be the same array from render to render. */
export function Table<T>({ label, columns, rows, rowKey, empty, onOpen }: {
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  rowKey: (row: T) => string;
  empty: ReactNode;
  onOpen?: (row: T) => void;
}) {
  if (rows.length === 0) return <>{empty}</>;
  return (
    <div className="table-scroll" role="group" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.key} scope="col" className={classOf(column)}>
                {column.hiddenLabel ? <span className="visually-hidden">{column.label}</span> : column.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={rowKey(row)} row={row} columns={columns as unknown as readonly Column<never>[]} onOpen={onOpen as ((row: never) => void) | undefined} />
          ))}
        </tbody>
      </table>
    </div>
  );
}
