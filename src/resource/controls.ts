import { rangeInWords, valueInWords } from '../contract/amount.ts'
import { type Control, type ControlName, settingNames } from '../contract/control.ts'
import { cpuCapControl, cpuWeightControl, vcpuControl } from './cpu-controls.ts'
import { memoryControl } from './memory-control.ts'
import { rateControls } from './rate-controls.ts'
import type { ControlReadings } from './readings.ts'

/** What the sliders of one guest may do, and what each shows: pure functions from readings to `Control`s. */
export function describeControls(readings: ControlReadings): Record<ControlName, Control> {
  return {
    vcpus: vcpuControl(readings),
    cpuCap: cpuCapControl(readings),
    cpuWeight: cpuWeightControl(readings),
    memory: memoryControl(readings),
    ...rateControls(readings),
  }
}

/** Null when `value` can be asked of the control; else why not, naming the range and its unit. */
export function valueFault(control: Control, value: number | null): string | null {
  if (control.applies === 'unavailable') return control.reason
  if (value === null) return control.unlimited ? null : `${settingNames[control.name]} needs a value`
  if (value < control.minimum || value > control.maximum) {
    const [least, most] = rangeInWords(control)
    return `${settingNames[control.name]} takes ${least} to ${most}${control.unlimited ? ', or no limit' : ''}; ${valueInWords(value, control.unit)} lies outside`
  }
  return null
}
