/**
 * The sites of a VM by hash: found without allocating.
 *
 * @module
 */
import { deviceAt } from "./_in_kernel_device.ts";
import { Site } from "./_site.ts";

/** Distinct addresses kept; what is beyond shares one site per bus and length. */
const mostSites = 1 << 16;

/** Sites by bus, address and length. */
export class SiteTable {
  #keys = new Int32Array(4 * 256);
  #sites: (Site | undefined)[] = new Array(256);
  #used = 0;
  readonly #rest = new Map<number, Site>();

  /** The site, new or known. */
  at(bus: number, lo: number, hi: number, len: number): Site {
    const kind = (len << 2) | bus;
    const mask = this.#sites.length - 1;
    const keys = this.#keys;
    let slot = hash(lo, hi, kind) & mask;
    for (;;) {
      const site = this.#sites[slot];
      if (site === undefined) return this.#add(bus, lo, hi, len);
      const key = slot << 2;
      if (keys[key] === lo && keys[key + 1] === hi && keys[key + 2] === kind) return site;
      slot = (slot + 1) & mask;
    }
  }

  /** Every site, in no order. */
  all(): Site[] {
    return [...this.#sites.filter((site) => site !== undefined), ...this.#rest.values()];
  }

  /** Whether some addresses share a site because there were too many. */
  get overflowed(): boolean {
    return this.#rest.size > 0;
  }

  #add(bus: number, lo: number, hi: number, len: number): Site {
    if (this.#used === mostSites) return this.#shared(bus, len);
    if (++this.#used * 2 > this.#sites.length) this.#grow();
    const site = new Site(bus, lo, hi, len, deviceAt(bus, lo, hi, len));
    this.#put(site);
    return site;
  }

  #put(site: Site): void {
    const kind = (site.len << 2) | site.bus;
    const mask = this.#sites.length - 1;
    let slot = hash(site.lo, site.hi, kind) & mask;
    while (this.#sites[slot] !== undefined) slot = (slot + 1) & mask;
    this.#sites[slot] = site;
    this.#keys[slot << 2] = site.lo;
    this.#keys[(slot << 2) + 1] = site.hi;
    this.#keys[(slot << 2) + 2] = kind;
  }

  #grow(): void {
    const sites = this.#sites;
    this.#sites = new Array(sites.length * 2);
    this.#keys = new Int32Array(sites.length * 2 * 4);
    for (const site of sites) if (site !== undefined) this.#put(site);
  }

  #shared(bus: number, len: number): Site {
    const key = (len << 2) | bus;
    let site = this.#rest.get(key);
    if (site === undefined) this.#rest.set(key, site = new Site(bus, -1, -1, len, -1));
    return site;
  }
}

function hash(lo: number, hi: number, kind: number): number {
  const h = Math.imul(lo ^ Math.imul(hi, 0x9e3779b1) ^ (kind << 24), 0x85ebca6b);
  return (h ^ (h >>> 15)) >>> 0;
}
