#!/usr/bin/env node
import '../out/main/diptych.js'
